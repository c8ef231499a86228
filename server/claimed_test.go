package server_test

import (
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// claimed is an attempt that the test plays.
type claimed struct {
	*store.Claimed
	f *front
}

func (f *front) claim() claimed {
	f.t.Helper()
	select {
	case d := <-f.deliveries:
		c, err := f.store.Claim(f.ctx, store.Lease{Task: d.Task, Attempt: d.Attempt, Token: "t"}, "worker")
		if err != nil {
			f.t.Fatal(err)
		}
		return claimed{c, f}
	case <-time.After(patience):
		f.t.Fatal("no delivery")
		return claimed{}
	}
}

// play takes the next delivery on the side.
func (f *front) play(attempt func(c claimed)) {
	f.playing.Go(func() {
		select {
		case d := <-f.deliveries:
			c, err := f.store.Claim(f.ctx, store.Lease{Task: d.Task, Attempt: d.Attempt, Token: "t"}, "worker")
			if err != nil {
				f.t.Error(err)
				return
			}
			attempt(claimed{c, f})
		case <-time.After(patience):
			f.t.Error("no delivery")
		}
	})
}

func (c claimed) check(err error) {
	c.f.t.Helper()
	if err != nil {
		c.f.t.Error(err)
	}
}

func (c claimed) progress(done, total float64, words string) {
	c.f.t.Helper()
	_, err := c.f.store.Report(c.f.ctx, c.Lease, int(c.f.reports.Add(1)), &tasks.Progress{Done: done, Total: total, Message: words}, nil)
	c.check(err)
}

func (c claimed) log(level, words string) {
	c.f.t.Helper()
	_, err := c.f.store.Report(c.f.ctx, c.Lease, int(c.f.reports.Add(1)), nil, []store.Log{{Level: level, Message: words}})
	c.check(err)
}

func (c claimed) ask(key string) {
	c.f.t.Helper()
	c.answer(key)
}

// answer puts a question, or finds its answer.
func (c claimed) answer(key string) json.RawMessage {
	c.f.t.Helper()
	a, err := c.f.store.Question(c.f.ctx, c.Lease, tasks.Question{Key: key, Request: form(key + "?")}, true)
	c.check(err)
	return a.Answer
}

// await is answer until there is one.
func (c claimed) await(key string) (answer json.RawMessage) {
	c.f.t.Helper()
	eventually(c.f.t, "an answer to "+key, func() bool { answer = c.answer(key); return answer != nil })
	return answer
}

func (c claimed) finish(text string) {
	c.f.t.Helper()
	result, err := tasks.Text(text).Encode(nil)
	c.check(err)
	c.end(tasks.Finish, store.Outcome{Result: result, Clean: true})
}

func (c claimed) end(e tasks.Event, o store.Outcome) {
	c.f.t.Helper()
	c.check(c.f.store.Apply(c.f.ctx, c.Task, e, c.Lease, o))
}
