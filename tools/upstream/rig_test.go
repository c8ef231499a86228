package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// program is a server that this binary is.
func program(name, flavour string, env ...string) upstream.Server {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return upstream.Server{Name: name, Command: []string{self}, Env: func(context.Context) ([]string, error) {
		return append(env, serverVariable+"="+flavour), nil
	}}
}

// rig is a hub that runs, and its registry.
type rig struct {
	t    *testing.T
	hub  *upstream.Hub
	reg  *tasks.Registry
	stop func()
}

func start(t *testing.T, o upstream.Options, servers ...upstream.Server) *rig {
	t.Helper()
	r := &rig{t: t, reg: new(tasks.Registry)}
	o.Servers, o.Registry = servers, r.reg
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if r.hub, err = upstream.New(o); err != nil {
		t.Fatal(err)
	}
	r.hub.Connect(t.Context())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.hub.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
	t.Cleanup(r.stop)
	return r
}

// task is what the attempts at a task have in common, and what they said.
type task struct {
	id   tasks.ID
	ask  func(ctx context.Context, q tasks.Question) (json.RawMessage, error)
	full error              // nothing more is remembered
	can  tasks.Capabilities // nil: everything

	mu       sync.Mutex
	attempts int
	memory   map[string]json.RawMessage
	reports  []tasks.Progress
	logs     []string
	asked    []tasks.Question
	told     chan struct{} // one for each report
}

func newTask() *task {
	return &task{id: tasks.NewID(0), memory: make(map[string]json.RawMessage), told: make(chan struct{}, 100)}
}

func (k *task) Report(p tasks.Progress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reports = append(k.reports, p)
	k.told <- struct{}{}
}

func (k *task) Log(level slog.Level, message string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.logs = append(k.logs, level.String()+" "+message)
}

func (k *task) Ask(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
	k.mu.Lock()
	k.asked = append(k.asked, q)
	k.mu.Unlock()
	if k.ask == nil {
		return nil, tasks.ErrCannotAsk
	}
	return k.ask(ctx, q)
}

func (k *task) CanAsk(kind tasks.Capability) bool { return k.can == nil || k.can.Has(kind) }

func (k *task) Recall(_ context.Context, name string) (json.RawMessage, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.memory[name], nil
}

func (k *task) Remember(ctx context.Context, name string, value json.RawMessage) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ctx.Err() != nil || k.full != nil {
		return errors.Join(ctx.Err(), k.full)
	}
	k.memory[name] = value
	return nil
}

func (k *task) keys() (keys []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, q := range k.asked {
		keys = append(keys, q.Key)
	}
	return keys
}

// attempt runs one attempt. What it returns is a result as JSON, or an error.
func (r *rig) attempt(ctx context.Context, k *task, tool string, args any, draining ...<-chan struct{}) (string, error) {
	r.t.Helper()
	found, ok := r.reg.Lookup(tool)
	if !ok {
		return "", fmt.Errorf("no tool %s", tool)
	}
	doc, _ := json.Marshal(args)
	filled, err := found.Input.Fill(doc)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	k.attempts++
	n := k.attempts
	k.mu.Unlock()
	var stop <-chan struct{}
	if len(draining) > 0 {
		stop = draining[0]
	}
	result, err := found.Handle(ctx, tasks.NewAttempt(k.id, n, k, stop), filled)
	if err != nil {
		return "", err
	}
	encoded, err := result.Encode(found.Output)
	return string(encoded), err
}

// call is a whole task of one attempt.
func (r *rig) call(tool string, args any) (string, error) {
	r.t.Helper()
	return r.attempt(r.t.Context(), newTask(), tool, args)
}

func (r *rig) names() (names []string) {
	for _, t := range r.reg.Tools() {
		names = append(names, t.Name)
	}
	return names
}

// lists waits until tools are registered, which happens one by one.
func (r *rig) lists(tools ...string) {
	r.t.Helper()
	for _, name := range tools {
		await(r.t, name, func() bool { return slices.Contains(r.names(), name) })
	}
}

// await polls for what no signal tells.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(60 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
	}
}

func permanent(err error) bool {
	never, _ := tasks.RetryAdvice(err)
	return never
}

func isUpstream(err error) bool {
	_, ok := errors.AsType[*upstream.Error](err)
	return ok
}
