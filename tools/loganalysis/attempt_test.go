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

type register func(*tasks.Registry, []string)

// eager makes a checkpoint after each segment of so many bytes.
func eager(segment int64) register {
	return func(r *tasks.Registry, roots []string) { loganalysis.AddEager(r, roots, segment) }
}

// lazy makes none.
func lazy(segment int64) register {
	return func(r *tasks.Registry, roots []string) { loganalysis.AddLazy(r, roots, segment) }
}

// attempt returns the result as clients get it.
func attempt(t testing.TB, ctx context.Context, add register, rt tasks.Runtime, draining <-chan struct{}, root string) (string, error) {
	t.Helper()
	var reg tasks.Registry
	add(&reg, []string{root})
	tool, ok := reg.Lookup("analyze_logs")
	if !ok {
		t.Fatal("analyze_logs is not registered")
	}
	res, err := tool.Handle(ctx, tasks.NewAttempt(tasks.NewID(0), 1, rt, draining), json.RawMessage(`{"path":"."}`))
	if err != nil {
		return "", err
	}
	doc, err := res.Encode(tool.Output)
	return string(doc), err
}
