package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// report is what analyze_logs answers, as far as the samples' totals go.
type report struct {
	Lines    int64
	Unparsed int64
	Statuses map[string]int64
	Clients  struct{ Distinct int64 }
	Logins   struct{ Failed int64 }
}

func TestTwoServersTwoWorkers(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	workers := []*rig.Process{f.Worker("-data", samples, "-concurrency", "1"), f.Worker("-data", samples, "-concurrency", "1")}

	t.Run("created at A, watched at B", func(t *testing.T) {
		task := a.Call(t, "analyze_logs", rig.Object{"path": "apache_access.log.gz"})
		seen := watched(t, b.Listen(t, false, task.ID), task.ID)
		got := b.Await(t, task.ID, "completed")
		if seen.Result == nil || string(seen.Result.StructuredContent) != string(got.Result.StructuredContent) {
			t.Error("the stream and tasks/get tell different results")
		}
		var r report
		got.Result.Decode(t, &r)
		if r.Lines != 10000 || r.Clients.Distinct != 1753 || r.Statuses["200"] != 9126 || r.Statuses["404"] != 213 {
			t.Errorf("totals of the access log are wrong: %+v", r)
		}
	})
	t.Run("run by either worker", func(t *testing.T) {
		var ids []string
		for range 20 {
			ids = append(ids, a.Call(t, "analyze_logs", rig.Object{"path": "openssh_auth.log"}).ID)
		}
		for _, id := range ids {
			var r report
			b.Await(t, id, "completed").Result.Decode(t, &r)
			if r.Logins.Failed != 528 {
				t.Errorf("%d failed passwords, want 528", r.Logins.Failed)
			}
		}
		for _, w := range workers {
			w.Line(`"attempt ended"`, `"completed"`)
		}
	})
}

// watched follows a task on a subscription to its end.
func watched(t *testing.T, s *rig.Reading, id string) rig.Task {
	t.Helper()
	if m := s.Next(); m.Method != "notifications/subscriptions/acknowledged" || !strings.Contains(string(m.Params), id) {
		t.Fatalf("the first message is not the acknowledgement of %s: %s %s", id, m.Method, m.Params)
	}
	for {
		m := s.Next()
		var task rig.Task
		if m.Method != "notifications/tasks" || json.Unmarshal(m.Params, &task) != nil || task.ID != id {
			t.Fatalf("unexpected message: %s %s", m.Method, m.Params)
		}
		if task.Terminal() {
			return task
		}
	}
}
