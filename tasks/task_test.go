package tasks_test

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestProgressInWords(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]tasks.Progress{
		"": {},
		"42% · 420 of 1000 · crawling /docs · about 3 min left": {Done: 420, Total: 1000, Message: "crawling /docs", ETA: 3 * time.Minute},
		"7 done":                          {Done: 7},
		"100% · 12 of 10 · x":             {Done: 12, Total: 10, Message: "x"},
		"0% · 0 of 0.5 · about 30 s left": {Total: 0.5, ETA: 30 * time.Second},
		"about 5 h left":                  {ETA: 5 * time.Hour},
		"100% · 4 of 4":                   {Done: 4.000000142361577, Total: 4.000000142361577},
		"24% · 1.2346 of 5":               {Done: 1.2345999999, Total: 5},
		"12% · 120000 of 1000000":         {Done: 120000.002, Total: 1e6},
		"9876543210 done · x":             {Done: 9876543210, Message: "x"},
		"begins":                          {Done: 4e-8, Message: "begins"},
	} {
		if got := p.Summary(); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}

func TestTTLCountsFromCreation(t *testing.T) {
	t.Parallel()
	created := time.Unix(1000, 0)
	task := &tasks.Task{Status: tasks.Working, Created: created, Retention: time.Hour}
	if _, ok := task.TTL(); ok {
		t.Error("an open task has a TTL")
	}
	task.Status, task.Ended = tasks.Completed, created.Add(10*time.Minute)
	if ttl, ok := task.TTL(); !ok || ttl != 70*time.Minute {
		t.Errorf("%s %t, want 1h10m", ttl, ok)
	}
}
