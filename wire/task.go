package wire

import (
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

type progress struct {
	Progress      float64 `json:"progress"`
	Total         float64 `json:"total,omitempty"`
	Message       string  `json:"message,omitempty"`
	QueuePosition int     `json:"queuePosition,omitempty"`
	ETAMs         int64   `json:"etaMs,omitempty"`
}

// progressOf is how far an open task is: of one that has ended it would say where it happened to be last.
func progressOf(t *tasks.Task) *progress {
	p := t.Progress
	if p == (tasks.Progress{}) && t.Position == 0 || t.Status.Terminal() {
		return nil
	}
	return &progress{Progress: p.Done, Total: p.Total, Message: p.Message, QueuePosition: t.Position, ETAMs: p.ETA.Milliseconds()}
}

// attempts is how often a task has been tried, once that is worth telling.
type attempts struct {
	Attempt   int    `json:"attempt"`          // the current one, from 1; also counts those that a crash or a deploy ended
	Failures  int    `json:"failures"`         // of the tool
	Limit     int    `json:"limit"`            // failures that end the task
	NextAt    string `json:"nextAt,omitempty"` // when the current one may start
	LastError string `json:"lastError,omitempty"`
}

func attemptsOf(t *tasks.Task) *attempts {
	if t.Delivery.Attempt <= 1 && t.Failures == 0 && t.Next.IsZero() {
		return nil
	}
	a := &attempts{Attempt: t.Delivery.Attempt, Failures: t.Failures, Limit: t.Attempts, LastError: t.LastErr}
	if !t.Next.IsZero() {
		a.NextAt = stamp(t.Next)
	}
	return a
}

// ttl counts from creation; null while nothing bounds the task's life (Tasks, ttlMs).
func ttl(t *tasks.Task) *int64 {
	d, ok := t.TTL()
	if !ok {
		return nil
	}
	ms := max(1, d.Milliseconds())
	return &ms
}

func requests(questions []tasks.Question) map[string]tasks.InputRequest {
	m := make(map[string]tasks.InputRequest, len(questions))
	for _, q := range questions {
		m[q.Key] = q.Request
	}
	return m
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
