package client

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

const methodPing = "ping"

// asking is what a server of an earlier revision asks on the stream of a request.
type asking struct {
	group  sync.WaitGroup
	cancel []context.CancelFunc
}

func (a *asking) end() {
	for _, cancel := range a.cancel {
		cancel()
	}
	a.group.Wait()
}

// serve answers a request of the server, each once, while the stream is read on.
func (x *exchange) serve(ctx context.Context, m message) {
	if m.Method != methodPing && !x.client.firstTime(string(m.ID)) {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	x.asks.cancel = append(x.asks.cancel, cancel)
	x.asks.group.Go(func() {
		defer cancel()
		answer, err := x.client.reply(ctx, m)
		reply := object{"jsonrpc": "2.0", "id": m.ID}
		if err != nil {
			reply["error"] = err
		} else {
			reply["result"] = answer
		}
		_ = x.client.tell(ctx, reply) // if it does not arrive the server asks again, or gives up
	})
}

// firstTime reports whether a request of the server has not come before.
func (c *Client) firstTime(id string) bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	key := c.session.id + " " + id
	first := !c.session.asked[key]
	c.session.asked[key] = true
	return first
}

func (c *Client) reply(ctx context.Context, m message) (any, *Error) {
	if m.Method == methodPing {
		return object{}, nil
	}
	q := Question{Key: string(m.ID), TaskID: relatedTask(m.Params), InputRequest: tasks.InputRequest{Method: m.Method, Params: m.Params}}
	if c.opts.Answer == nil || !answerable(m.Method) || !c.opts.Answers.Has(q.Kind()) {
		return nil, &Error{Code: wire.CodeMethodNotFound, Message: "this client does not answer " + m.Method}
	}
	answer, err := c.opts.Answer(ctx, q)
	if err != nil {
		return nil, &Error{Code: wire.CodeInternal, Message: err.Error()}
	}
	return answer, nil
}

func answerable(method string) bool {
	return method == "elicitation/create" || method == "sampling/createMessage" || method == "roots/list"
}

// relatedTask is the task that a message of 2025-11-25 is about.
func relatedTask(params json.RawMessage) string {
	var p struct {
		Meta struct {
			Task struct {
				ID string `json:"taskId"`
			} `json:"io.modelcontextprotocol/related-task"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(params, &p) // whatever is wrong with it, it names no task
	return p.Meta.Task.ID
}
