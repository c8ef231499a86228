package worker_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
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
