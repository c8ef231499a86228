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
	once   bool   // a call is not made a second time, though a second attempt may begin: see runPolicy
	rerun  bool   // a second attempt may begin
}

const (
	// outage is how long a server may be away while a task of its own is waited for: whether that goes on does not depend on us.
	outage = 5 * time.Minute
	// lastWords is how long it may take to leave things in order after the attempt has ended.
	lastWords = 5 * time.Second
	maxRounds = 3
)

// kept is what an attempt leaves to the next one, as the task's checkpoint.
type kept struct {
	// Round counts the server's tasks that failed. It is part of the idempotency key, so that the next one is new to the server.
	Round int `json:"round,omitempty"`
	// Sent: an attempt may have made a call that nothing more is known of.
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
	outages time.Time // when the server was first away while its task was waited for; zero: never

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
	r.server.noteOutcome(ctx, err)
	r.server.release(x, c.spent(err))
	if err != nil {
		return nil, c.explain(err)
	}
	return r.server.readResult(result.Raw)
}

// spent reports that the session cannot serve another call, since the server may still be busy with this one.
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
	if errors.Is(err, client.ErrNotFound) && c.repeatable() && c.ctx.Err() == nil { // the server lost its task, in a crash for example
		return c.make(args)
	}
	return nil, err
}

// repeatable reports that the tool may run twice, and has not done so too often.
func (c *call) repeatable() bool { return c.rerun && !c.once && c.kept.Round <= maxRounds }

// begin makes the call. Until it is answered nobody else may make it again, if the tool may not run twice.
func (c *call) begin(args json.RawMessage) (*client.Task, error) {
	if err := c.noteSent(c.ctx, true); err != nil {
		return nil, err
	}
	key := string(c.attempt.TaskID()) + "-" + strconv.Itoa(c.kept.Round)
	opts := client.CallOptions{Key: key, Answers: c.answers()}
	t, err := c.session.client.Start(c.ctx, c.name, args, opts)
	if refusesKey(err) { // a server that cannot tell its callers apart takes none
		opts.Key = ""
		t, err = c.session.client.Start(c.ctx, c.name, args, opts)
	}
	if err != nil && unsentCall(err) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // it may have ended
		defer cancel()
		_ = c.noteSent(ctx, false) // if that fails the call is not made again, which is safe
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

// noteSent remembers, for a tool that may not run twice, whether a call may have been made.
func (c *call) noteSent(ctx context.Context, sent bool) error {
	if !c.once || c.kept.Sent == sent {
		return nil
	}
	c.kept.Sent = sent
	return c.keep(ctx)
}

// keep leaves what is known to later attempts. An error of it is ours, not the server's.
func (c *call) keep(ctx context.Context) error {
	if err := c.attempt.Checkpoint(ctx, c.kept); err != nil {
		return &ownError{err}
	}
	return nil
}

// keepTask keeps the id of the server's task, even if the attempt is just ending.
func (c *call) keepTask(id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // it may have ended
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.TaskID = id
	return c.keep(ctx)
}

// wait waits for the server's task, through restarts of the server. A worker that is told to stop leaves the waiting to the next one.
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

// leave leaves things in order when the server's task brought no result. If this attempt is the last one, or the next one begins anew, nobody
// wants that task any more.
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
	_ = c.keep(ctx) // if that fails, the next attempt finds out itself
}

func (c *call) cancel(id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), lastWords) // c.ctx has usually ended, which is why we cancel
	defer cancel()
	_ = c.session.client.Cancel(ctx, id) // if that fails, the task ends by itself and nobody reads it
}
