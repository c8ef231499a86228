package worker_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

// A tool that is put while the worker runs is announced long before the next round of announcements, and its queue is served.
func TestAToolThatComesLater(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := new(tasks.Registry)
		late := tasks.Tool{Name: "late", Policy: tasks.Policy{Queue: "elsewhere"}}
		reg.Expect(late.Policy)
		r.start(reg)
		began := time.Now()
		listed := func(description string) func() bool {
			return func() bool {
				list, err := r.store.Catalog(t.Context())
				return err == nil && slices.ContainsFunc(list, func(t tasks.Tool) bool { return t.Description == description })
			}
		}
		for _, late.Description = range []string{"first", "second"} {
			description := late.Description
			if err := reg.Put(late, func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
				return tasks.Text(description), nil
			}); err != nil {
				t.Fatal(err)
			}
			r.eventually("the catalogue to list it", listed(description))
		}
		if took := time.Since(began); took > 20*time.Second { // the rounds are 30 s apart
			t.Errorf("listed after %s", took)
		}
		if done := r.untilStatus(r.create("late", `{}`, late.Policy), tasks.Completed); !done.Clean {
			t.Errorf("%+v", done)
		}
	})
}

// A tool that is dropped is not listed any more, its tasks wait for a worker that has it, and an attempt that runs is not disturbed.
func TestAToolThatGoes(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		tool := tasks.Tool{Name: "going"}
		began, release := make(chan struct{}, 10), make(chan struct{})
		reg := new(tasks.Registry)
		reg.Add(tool, func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
			began <- struct{}{}
			<-release
			return tasks.Text("done"), nil
		})
		r.start(reg)
		listed := func() bool {
			list, err := r.store.Catalog(t.Context())
			return err != nil || len(list) > 0
		}
		r.eventually("the catalogue to list it", listed)
		running := r.create("going", `{}`, tool.Policy)
		<-began
		drop(reg, "going")
		r.eventually("the catalogue not to list it", func() bool { return !listed() })
		waiting := r.create("going", `{}`, tool.Policy)
		r.until(waiting, "why it waits", func(t *tasks.Task) bool { return t.Message == "waiting for a worker that has going" })
		close(release)
		if done := r.untilStatus(running, tasks.Completed); !done.Clean {
			t.Errorf("%+v", done)
		}
	})
}

func drop(reg *tasks.Registry, name string) {
	if tool, ok := reg.Lookup(name); ok {
		reg.Drop(tool)
	}
}

// Where another worker still has a tool that one has dropped, it stays listed: not only 30 s later.
func TestAToolThatAnotherStillHas(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		tool := func(description string) tasks.Tool { return tasks.Tool{Name: "common", Description: description} }
		handle := func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
			return tasks.Text("done"), nil
		}
		first, second := new(tasks.Registry), new(tasks.Registry)
		first.Add(tool("first"), handle)
		second.Add(tool("second"), handle)
		listed := func(description string) func() bool {
			return func() bool {
				list, err := r.store.Catalog(t.Context())
				return err == nil && len(list) == 1 && list[0].Description == description
			}
		}
		r.start(first)
		r.eventually("the first one's", listed("first"))
		r.start(second)
		r.eventually("the second one's", listed("second"))
		began := time.Now()
		drop(second, "common")
		r.eventually("the first one's again", listed("first"))
		if took := time.Since(began); took > 20*time.Second { // the rounds are 30 s apart
			t.Errorf("listed after %s", took)
		}
	})
}

// A tool that comes with a queue of its own is served, unless the worker was told which queues to serve.
func TestAQueueThatComesLater(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := new(tasks.Registry)
		handle := func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
			return tasks.Text("done"), nil
		}
		reg.Add(tasks.Tool{Name: "early"}, handle)
		r.start(reg)
		late := tasks.Tool{Name: "late", Policy: tasks.Policy{Queue: "new"}}
		waiting := r.create("late", `{}`, late.Policy)
		r.untilStatus(r.create("early", `{}`, tasks.Policy{}), tasks.Completed)
		if err := reg.Put(late, handle); err != nil {
			t.Fatal(err)
		}
		r.untilStatus(waiting, tasks.Completed)
		r.untilStatus(r.create("early", `{}`, tasks.Policy{}), tasks.Completed)

		log := new(logbook)
		told := new(tasks.Registry)
		told.Add(tasks.Tool{Name: "early"}, handle)
		r.start(told, func(o *worker.Options) {
			o.Queues, o.Logger = map[string]int{"default": 1}, slog.New(slog.NewTextHandler(log, nil))
		})
		if err := told.Put(tasks.Tool{Name: "elsewhere", Policy: tasks.Policy{Queue: "third"}}, handle); err != nil {
			t.Fatal(err)
		}
		r.eventually("a warning", func() bool { return log.has("another one has to") && log.has("queue=third") })
	})
}
