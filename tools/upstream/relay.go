package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// relay is a tool of a server, as it is run here.
type relay struct {
	server *server
	name   string // that the server uses
	once   bool   // a call is not made a second time, though a second attempt may begin: see runs
	rerun  bool   // a second attempt may begin
}

const (
	// outage is how long a server may be away while a task of its own is waited for: the task goes on, or is lost, in any case.
	outage = 5 * time.Minute
	// lastWords is how long it may take to leave things in order when the attempt has ended.
	lastWords = 5 * time.Second
	maxRounds = 3
)

// kept is what the attempts at a task leave to each other.
type kept struct {
	// Round counts the tasks of the server that failed, so that the next one is a new one to it.
	Round int `json:"round,omitempty"`
	// Sent: a call may have been made, by an attempt that knows nothing more of it.
	Sent bool `json:"sent,omitempty"`
	// TaskID is the server's task of the call.
	TaskID string `json:"taskId,omitempty"`
}

// call is one attempt at a relayed tool.
type call struct {
	*relay
	attempt *tasks.Attempt
	ctx     context.Context // the attempt's
	session *session
	kept    kept
	outages time.Time // since when the server is away, while its task is waited for

	mu     sync.Mutex
	asked  map[string]int // questions so far, by what is asked
	asking int            // questions that are open before there is a task
}

var errLeft = errors.New("the call was made by a worker that was lost, and whether the tool has run is not known: it is not annotated as one that may run twice")

func (r *relay) handle(ctx context.Context, a *tasks.Attempt, args json.RawMessage) (*tasks.Result, error) {
	r.server.calls.enter()
	defer r.server.calls.leave()
	c := &call{relay: r, attempt: a, ctx: ctx, asked: make(map[string]int)}
	if _, err := a.Resume(ctx, &c.kept); err != nil {
		return nil, err
	}
	if c.kept.TaskID == "" {
		if c.kept.Sent && c.once {
			return nil, c.permanent(errLeft)
		}
		if !r.server.offering.has(r.name) {
			return nil, c.permanent(fmt.Errorf("it does not offer %s any more", r.name))
		}
	}
	x, err := r.server.acquire(ctx)
	if err != nil {
		return nil, c.explain(err)
	}
	c.session = x
	x.call.Store(c)
	result, err := c.make(args)
	r.server.judge(ctx, err)
	r.server.release(x, c.spent(err))
	if err != nil {
		return nil, c.explain(err)
	}
	return r.server.readResult(result.Raw)
}

// spent: the session cannot serve another call, since the server may still be at this one.
func (c *call) spent(err error) bool {
	return err != nil && (broken(err) || c.ctx.Err() != nil && !c.session.modern())
}

// make makes the call, or goes on with the task that it became, and waits for the result.
func (c *call) make(args json.RawMessage) (*client.Result, error) {
	if c.kept.TaskID == "" {
		t, err := c.begin(args)
		if err != nil {
			return nil, err
		}
		if t.ID == "" {
			return t.Result, nil
		}
		if err := c.keepTask(t.ID); err != nil {
			c.cancel(t.ID)
			return nil, err
		}
	}
	result, err := c.wait()
	if err == nil {
		return result, nil
	}
	c.leave(err)
	if errors.Is(err, client.ErrNotFound) && c.repeatable() && c.ctx.Err() == nil { // as after a crash: the server has lost it
		return c.make(args)
	}
	return nil, err
}

// repeatable: the tool may run twice, and has not done so too often.
func (c *call) repeatable() bool { return c.rerun && !c.once && c.kept.Round <= maxRounds }

// begin makes the call. Until it is answered nobody else may make it again, if the tool may not run twice.
func (c *call) begin(args json.RawMessage) (*client.Task, error) {
	if err := c.sent(c.ctx, true); err != nil {
		return nil, err
	}
	key := string(c.attempt.TaskID()) + "-" + strconv.Itoa(c.kept.Round)
	opts := client.CallOptions{Key: key, Answers: c.answers()}
	t, err := c.session.client.Start(c.ctx, c.name, args, opts)
	if refusesKey(err) { // of callers that it cannot tell apart
		opts.Key = ""
		t, err = c.session.client.Start(c.ctx, c.name, args, opts)
	}
	if err != nil && unsentCall(err) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // it may have ended
		defer cancel()
		_ = c.sent(ctx, false) // then it is not made again, which is the safe side
	}
	return t, err
}

// answers are the kinds of question that the call may bring: those that whoever started the task can answer.
func (c *call) answers() *tasks.Capabilities {
	kinds := tasks.Capabilities{}
	for _, kind := range []tasks.Capability{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample, tasks.CanListRoots} {
		if c.attempt.CanAsk(kind) {
			kinds = append(kinds, kind)
		}
	}
	return &kinds
}

// sent keeps in mind whether a call may have been made, for a tool that may not run twice.
func (c *call) sent(ctx context.Context, sent bool) error {
	if !c.once || c.kept.Sent == sent {
		return nil
	}
	c.kept.Sent = sent
	return c.keep(ctx)
}

// keep leaves what is known to later attempts. An error is not the server's.
func (c *call) keep(ctx context.Context) error {
	if err := c.attempt.Checkpoint(ctx, c.kept); err != nil {
		return &ownError{err}
	}
	return nil
}

// keepTask keeps the id of the server's task, also if the attempt ends just now.
func (c *call) keepTask(id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // see above
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.TaskID = id
	return c.keep(ctx)
}

// wait waits for the server's task, through restarts of the server. A worker that is told to stop leaves it to the next one.
func (c *call) wait() (*client.Result, error) {
	ctx, stop := context.WithCancelCause(c.ctx)
	defer stop(nil)
	if c.rerun {
		leave := make(chan struct{})
		defer close(leave)
		go func() { // ends with this function
			select {
			case <-c.attempt.Draining():
				stop(tasks.ErrDraining)
			case <-leave:
			}
		}()
	}
	for {
		result, err := c.session.client.Wait(ctx, c.kept.TaskID)
		if !errors.Is(err, client.ErrUnreachable) || ctx.Err() != nil {
			return result, err
		}
		if c.outages.IsZero() {
			c.outages = time.Now()
		}
		if time.Since(c.outages) > outage {
			return nil, err
		}
		_ = c.attempt.Report(ctx, tasks.Progress{Message: fmt.Sprintf("%s cannot be reached, trying again", c.server.Name)})
	}
}

// leave leaves things in order when the server's task did not bring a result: nobody will want it any more if this attempt is the last one,
// or the next one begins anew.
func (c *call) leave(err error) {
	cause := context.Cause(c.ctx)
	_, ended := errors.AsType[*client.TaskError](err)
	switch {
	case errors.Is(cause, tasks.ErrCancelled):
		c.cancel(c.kept.TaskID)
		return
	case errors.Is(cause, tasks.ErrTimeout):
		c.cancel(c.kept.TaskID)
	case cause != nil, errors.Is(err, tasks.ErrDraining), broken(err):
		return // it goes on, and so does the next attempt
	case ended, errors.Is(err, client.ErrNotFound):
	default:
		c.cancel(c.kept.TaskID)
	}
	if c.once {
		return // there is no next round
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = kept{Round: c.kept.Round + 1}
	_ = c.keep(ctx) // otherwise the next attempt finds it out
}

func (c *call) cancel(id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // it has usually ended, which is what there is to tell
	defer cancel()
	_ = c.session.client.Cancel(ctx, id) // otherwise it ends by itself, unwanted
}
