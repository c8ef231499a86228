package loganalysis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

// notebook is a runtime whose memory outlasts the attempt.
type notebook struct {
	recorder
	kept       json.RawMessage
	writes     int // by this attempt
	onRemember func(n int) error
	logged     []string
}

func (n *notebook) Recall(context.Context, string) (json.RawMessage, error) { return n.kept, nil }

func (n *notebook) Remember(ctx context.Context, _ string, value json.RawMessage) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	n.writes++
	if n.onRemember != nil {
		if err := n.onRemember(n.writes); err != nil {
			return err
		}
	}
	n.kept = bytes.Clone(value)
	return nil
}

func (n *notebook) Log(_ slog.Level, message string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.logged = append(n.logged, message)
}

// attempt returns the report as programs get it. What people get is drawn from that alone.
func attempt(t testing.TB, ctx context.Context, p loganalysis.Pace, rt tasks.Runtime, draining <-chan struct{}, root string) (string, error) {
	t.Helper()
	r, err := loganalysis.Analyze(ctx, tasks.NewAttempt(tasks.NewID(0), 1, rt, draining), p, root, loganalysis.In{Path: "."})
	if err != nil {
		return "", err
	}
	doc, err := json.Marshal(r)
	return string(doc), err
}
