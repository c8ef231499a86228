package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func fixtures() image.Image {
	im := image.Image{Name: "fixtures"}
	for _, does := range []image.Behaviour{image.Sleep, image.Hold, image.Ask, image.Fail, image.Panic} {
		im.Tools = append(im.Tools, image.Tool{Tool: tasks.Tool{Name: string(does), Description: "Fixture", InputSchema: json.RawMessage(`{"type":"object"}`)}, Does: does})
	}
	return im
}

func dialServer(t *testing.T, s *rig.Server, opts client.Options) *client.Client {
	t.Helper()
	s.Client(t).AwaitTool(t, string(image.Ask))
	c, err := client.Dial(t.Context(), s.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// One task from end to end: progress on a stream, a question, and how tools and engines fail.
func TestCallsOfALonghaulServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures())
	var moved atomic.Int64
	c := dialServer(t, f.Server(), client.Options{
		Changed: func(t client.Task) {
			if t.Progress.Total == 600 && t.Progress.Done > 0 {
				moved.Add(1)
			}
		},
		Answer: func(_ context.Context, q client.Question) (client.Answer, error) {
			return client.Accept(object{"name": "Ada"}), nil
		},
	})
	if r, err := c.Call(t.Context(), "sleep", object{"ms": 600}, client.CallOptions{}); err != nil || r.TaskID == "" || r.Structured == nil || moved.Load() == 0 {
		t.Errorf("%+v, %v, moved %d times", r, err, moved.Load())
	}
	if r, err := c.Call(t.Context(), "ask", nil, client.CallOptions{}); err != nil || r.Text() != "hello Ada" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := c.Call(t.Context(), "fail", nil, client.CallOptions{}); err != nil || !r.IsError {
		t.Errorf("%+v, %v", r, err)
	}
	_, err := c.Call(t.Context(), "panic", nil, client.CallOptions{})
	if e, ok := errors.AsType[*client.TaskError](err); !ok || e.Task.Status != tasks.Failed {
		t.Error(err)
	}
	if _, err := c.Wait(t.Context(), string(tasks.NewID(3))); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
}

// The server is killed while a task is waited for, and comes back at the same address; another client goes on by the task's id.
func TestAWaitOutlastsItsServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures())
	addr := rig.FreePort(t)
	server := f.Server("-addr", addr)
	gate := filepath.Join(t.TempDir(), "gate")
	seen := make(chan struct{}, 100)
	c := dialServer(t, server, client.Options{Changed: func(client.Task) { seen <- struct{}{} }})
	started, err := c.Start(t.Context(), "hold", object{"gate": gate}, client.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() {
		_, err := c.Wait(t.Context(), started.ID)
		waited <- err
	}()
	<-seen
	server.Kill()
	server = f.Server("-addr", addr)
	other := dialServer(t, server, client.Options{})
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if r, err := other.Wait(t.Context(), started.ID); err != nil || !strings.Contains(string(r.Structured), gate) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCancelEndsAWait(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures())
	c := dialServer(t, f.Server(), client.Options{})
	started, err := c.Start(t.Context(), "hold", object{"gate": t.TempDir() + "/none"}, client.CallOptions{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Start(t.Context(), "hold", object{"gate": t.TempDir() + "/none"}, client.CallOptions{Key: "k"})
	if err == nil {
		t.Errorf("a key took another call: %+v", again)
	}
	if err := c.Cancel(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), started.ID); !errors.Is(err, client.ErrCancelled) {
		t.Error(err)
	}
}

// Callers that the server cannot tell apart have no keys.
func TestCallingAsNobody(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures())
	c := dialServer(t, f.Server("-anonymous", "nobody"), client.Options{})
	if r, err := c.Call(t.Context(), "sleep", object{"ms": 1}, client.CallOptions{}); err != nil || r.TaskID == "" {
		t.Errorf("%+v, %v", r, err)
	}
}
