package client

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// serverRequest is a request that a server of an earlier revision makes, such as a question. It may come again, on a stream that was resumed, on
// another stream of the session, or in another session, but is put to the user once.
type serverRequest struct {
	session string
	content [sha256.Size]byte // tells it from another one with the same id
	task    string
	since   time.Time
	asks    *asking            // the wait that took it; nil: that is over
	final   bool               // it came on a stream that cannot be resumed
	cancel  context.CancelFunc // nil: it was answered
}

// serverRequests are the requests of the server on all streams, by their ids.
type serverRequests struct {
	mu   sync.Mutex
	byID map[string]*serverRequest
}

// begin notes a request of the server, unless it is known.
func (q *serverRequests) begin(id string, i *serverRequest) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	old := q.byID[id]
	switch {
	case old == nil:
	case old.session == i.session && (old.cancel != nil || old.content == i.content):
		return false
	case old.cancel != nil && old.content == i.content: // still open, and asked again in a session that took the place of the lost one
		old.session = i.session
		return false
	case old.cancel != nil:
		old.cancel()
	}
	if q.byID == nil {
		q.byID = make(map[string]*serverRequest)
	}
	q.byID[id] = i
	return true
}

// maxAnswered is how many are remembered that were answered, so that they are not put again. A session may last as long as this process.
const maxAnswered = 1000

// end notes that nobody is asked any more. A request that was not answered may come again.
func (q *serverRequests) end(id string, i *serverRequest, answered bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch i.cancel = nil; {
	case q.byID[id] != i:
	case !answered:
		delete(q.byID, id)
	default:
		q.trim()
	}
}

// trim forgets the one that came first of those that were answered, if these are too many.
func (q *serverRequests) trim() {
	var first string
	answered := 0
	for id, i := range q.byID {
		if i.cancel != nil {
			continue
		}
		if answered++; answered == 1 || i.since.Before(q.byID[first].since) {
			first = id
		}
	}
	if answered > maxAnswered {
		delete(q.byID, first)
	}
}

// forget drops the requests of a call that is over that were answered and cannot come again, since some programs use the same ids in each call.
// Those of a task are kept: they may come again in another wait for it.
func (q *serverRequests) forget(a *asking) {
	q.mu.Lock()
	defer q.mu.Unlock()
	maps.DeleteFunc(q.byID, func(_ string, i *serverRequest) bool {
		if i.asks != a || i.cancel != nil {
			return false
		}
		i.asks = nil // nor what it holds
		return i.final && i.task == ""
	})
}

// withdraw stops asking what the server no longer wants to know.
func (q *serverRequests) withdraw(unwanted func(id string, i *serverRequest) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, i := range q.byID {
		if i.cancel != nil && unwanted(id, i) {
			i.cancel()
		}
	}
}

// asking answers what a server asks on the streams of one wait. A question outlives the stream that brought it, but not the wait.
type asking struct {
	client *Client
	ctx    context.Context // the wait's
	stop   context.CancelFunc
	fail   func(error) // ends the wait; nil: the server is told instead
	group  sync.WaitGroup
}

func newAsking(ctx context.Context, c *Client, fail func(error)) *asking {
	a := &asking{client: c, fail: fail}
	a.ctx, a.stop = context.WithCancel(ctx)
	return a
}

// end stops asking, and waits until nobody is asked any more.
func (a *asking) end() {
	a.stop()
	a.group.Wait()
	a.client.serverRequests.forget(a)
}

// take has a request of the server answered, without holding up the reading of its stream. A final one cannot come again after the call.
func (a *asking) take(m message, final bool) {
	id := string(m.ID)
	ctx, cancel := context.WithCancel(a.ctx)
	i := &serverRequest{
		session: a.client.sessionID(), content: sha256.Sum256([]byte(m.Method + string(m.Params))), task: relatedTask(m.Params), since: time.Now(),
		asks: a, final: final, cancel: cancel,
	}
	if m.Method != wire.MethodPing && !a.client.serverRequests.begin(id, i) {
		cancel()
		return
	}
	a.group.Go(func() {
		defer cancel()
		answered := false
		if a.others(m, i.task) {
			a.tellOthers(ctx, m, i.task)
		} else {
			answered = a.answer(ctx, m, i.task)
		}
		if m.Method != wire.MethodPing {
			a.client.serverRequests.end(id, i, answered)
		}
	})
}

// others reports that somebody else is to answer a task's question: we declared that it can be answered, and have no Answer.
func (a *asking) others(m message, task string) bool {
	kind := tasks.InputRequest{Method: m.Method, Params: m.Params}.Kind()
	return m.Method != wire.MethodPing && task != "" && a.client.opts.Answer == nil && a.client.opts.Answers.Has(kind)
}

// tellOthers tells of a question that others answer. It lasts as long as the question is open, so that it is told once.
func (a *asking) tellOthers(ctx context.Context, m message, task string) {
	if a.client.opts.Asked == nil {
		return
	}
	a.client.opts.Asked(a.question(m, task))
	<-ctx.Done()
}

func (a *asking) question(m message, task string) Question {
	return Question{Key: string(m.ID), TaskID: task, InputRequest: tasks.InputRequest{Method: m.Method, Params: m.Params}}
}

// answer reports whether the server has been told something.
func (a *asking) answer(ctx context.Context, m message, task string) bool {
	reply := object{"jsonrpc": "2.0", "id": m.ID}
	answer, err := a.reply(ctx, m, task)
	switch e, refused := err.(*Error); { //nolint:errorlint // only our own word to the server is sent
	case ctx.Err() != nil:
		return false
	case err == nil:
		reply["result"] = answer
	case refused:
		reply["error"] = e
	case a.fail != nil:
		a.fail(fmt.Errorf("question: %w", err))
		return false
	default:
		reply["error"] = &Error{Code: wire.CodeInternal, Message: err.Error()}
	}
	return a.client.deliver(ctx, reply) == nil
}

func (a *asking) reply(ctx context.Context, m message, task string) (any, error) {
	if m.Method == wire.MethodPing {
		return object{}, nil
	}
	opts := a.client.opts
	q := a.question(m, task)
	if opts.Answer == nil || !answerable(m.Method) || !opts.Answers.Has(q.Kind()) {
		return nil, &Error{Code: wire.CodeMethodNotFound, Message: "this client does not answer " + m.Method}
	}
	return opts.Answer(ctx, q)
}

func answerable(method string) bool {
	return method == "elicitation/create" || method == "sampling/createMessage" || method == "roots/list"
}

// noted handles notifications/cancelled of the server, by which it withdraws a request of its own.
func (c *Client) noted(m message) {
	var p struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if m.Method != wire.NoticeCancelled || json.Unmarshal(m.Params, &p) != nil {
		return
	}
	session := c.sessionID()
	c.serverRequests.withdraw(func(id string, i *serverRequest) bool { return id == string(p.RequestID) && i.session == session })
}

// related is what a message of 2025-11-25 says about the task that it belongs to.
type related struct {
	Meta struct {
		Task struct {
			ID string `json:"taskId"`
		} `json:"io.modelcontextprotocol/related-task"`
	} `json:"_meta"`
}

func relatedTask(params json.RawMessage) string {
	var p related
	if !strings.Contains(string(params), "related-task") || json.Unmarshal(params, &p) != nil {
		return ""
	}
	return p.Meta.Task.ID
}
