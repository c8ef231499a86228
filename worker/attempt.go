package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// attempt is one attempt while it runs here.
type attempt struct {
	*store.Claimed
	w      *Worker
	policy tasks.Policy
	log    *slog.Logger

	why     string // why it failed, for the log
	permit  permit
	cancel  context.CancelCauseFunc
	started time.Time // when the tool was
	claimed time.Time // when the claim was first tried: Redis counts its liveness from then or later

	remembering sync.Mutex // guards what follows, even over the trip to Redis
	memory      map[string]json.RawMessage
	recalled    bool
	remembered  int // how many values so far: like reported, it lets Redis count a repeated write once

	objects objects

	reported int // how many reports so far: a report that Redis gets twice counts once; guarded by reports.flushing
	reports  reports
	mu       sync.Mutex
	seen     int           // how many answers are in, as far as we know
	changed  chan struct{} // closed, and replaced, when more are
}

func newAttempt(w *Worker, c *store.Claimed, claimed time.Time) *attempt {
	return &attempt{
		Claimed: c, w: w, policy: tasks.Policy{}.WithDefaults(w.opts.DefaultQueue), started: time.Now(), claimed: claimed,
		log:     w.opts.Logger.With("task", c.Task, "tool", c.Tool, "attempt", c.Attempt),
		reports: newReports(), seen: c.Answered, changed: make(chan struct{}), memory: make(map[string]json.RawMessage),
	}
}

// abandon is how long a tool may take to return after its context has ended before the outcome is written without it.
const abandon = 5 * time.Second

// run runs the tool while beating for it, and writes the outcome. It returns when the tool has; a tool that does not stop is left behind after
// a while, or at once if the worker is shutting down.
func (a *attempt) run(ctx context.Context, tool *tasks.Registered, args json.RawMessage) {
	ctx, stopTimer := context.WithTimeoutCause(ctx, a.policy.Timeout, tasks.ErrTimeout)
	defer stopTimer()

	beating, stopBeating := context.WithCancel(a.w.writing)
	var beats sync.WaitGroup
	beats.Go(func() { a.beat(beating) })
	defer beats.Wait()
	defer stopBeating()

	returned := make(chan answer, 1)
	go a.call(ctx, tool, args, returned) // not waited for only where a tool ignores that its context has ended
	ans, ok := a.await(ctx, returned)
	if !ok && !errors.Is(context.Cause(ctx), tasks.ErrDraining) {
		_ = a.write(a.ownPermit) // an error will keep the outcome from being written too
	}
	a.flush() // what the tool said comes before its end
	a.conclude(ctx, ans)
	if !ok && !errors.Is(context.Cause(ctx), tasks.ErrDraining) {
		a.outstay(returned)
	}
	if errors.Is(context.Cause(ctx), tasks.ErrCancelled) {
		a.leave()
	}
}

// answer is what a tool came back with.
type answer struct {
	result   json.RawMessage
	isError  bool   // the tool says so in its result
	err      error  // why the tool returned no result
	unfit    error  // why the result that it returned cannot be delivered
	large    *large // the result is to go to the blob store; nil: it stays in Redis
	panicked string // the stack of its panic; empty: it did not panic
	running  bool   // there is no answer: the tool ignores that its context has ended
}

// call runs the tool, and sends an answer even if the tool panics or ends its goroutine (runtime.Goexit).
func (a *attempt) call(ctx context.Context, tool *tasks.Registered, args json.RawMessage, returned chan<- answer) {
	ans := answer{err: errors.New("tool ended its goroutine without returning"), panicked: "runtime.Goexit"}
	defer func() {
		if p := recover(); p != nil {
			ans = answer{err: fmt.Errorf("tool panicked: %v", p), panicked: string(debug.Stack())}
		}
		returned <- ans
	}()
	ans = a.handle(ctx, tool, args)
}

func (a *attempt) handle(ctx context.Context, tool *tasks.Registered, args json.RawMessage) answer {
	res, err := tool.Handle(ctx, tasks.NewAttempt(a.Task, a.Attempt, a, a.w.draining), args)
	if err != nil {
		return answer{err: err}
	}
	return a.encode(tool, res) // within call, since an output's own MarshalJSON may panic
}

func (a *attempt) encode(tool *tasks.Registered, res *tasks.Result) answer {
	if res == nil {
		res = &tasks.Result{}
	}
	doc, err := res.Encode(tool.Output)
	ans := answer{result: doc, isError: res.IsError, unfit: err}
	if err == nil && len(doc) > largeResult && a.Keeps() {
		ans.large = &large{res, tool.Output}
	}
	if err == nil {
		ans.unfit = ans.tooLarge()
	}
	return ans
}

// tooLarge is an error if nothing can keep a result of that size.
func (ans answer) tooLarge() error {
	n := len(ans.result)
	switch {
	case ans.large != nil && n > maxLarge:
		return fmt.Errorf("the result has %d bytes, the limit is %d: leave the rest as an artifact", n, maxLarge)
	case ans.large == nil && n > maxResult:
		return fmt.Errorf("the result has %d bytes, the limit is %d: larger ones need a blob store (-blob)", n, maxResult)
	}
	return nil
}

// await waits for the tool. ok is false if it has not returned a while after its context ended (abandon).
func (a *attempt) await(ctx context.Context, returned <-chan answer) (ans answer, ok bool) {
	select {
	case ans = <-returned:
		return ans, true
	case <-ctx.Done():
	}
	t := time.NewTimer(abandon)
	defer t.Stop()
	select {
	case ans = <-returned:
		return ans, true
	case <-t.C:
		return answer{err: context.Cause(ctx), running: true}, false
	}
}
