package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func fixtures(p tasks.Policy) image.Image {
	im := image.Image{Name: "fixtures"}
	for _, does := range []image.Behaviour{image.Sleep, image.Hold, image.Ask, image.Fail, image.Panic} {
		im.Tools = append(im.Tools, image.Tool{Tool: tasks.Tool{Name: string(does), Description: "Fixture", InputSchema: json.RawMessage(`{"type":"object"}`), Policy: p}, Does: does})
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
	f, always := rig.New(t), rig.New(t)
	f.Image(fixtures(tasks.Policy{}))
	always.Image(fixtures(tasks.Policy{Task: tasks.Required})) // handed out at once: a hold, however short, may see a fast tool end
	holds, hands := f.Server(), always.Server()
	for name, test := range map[string]struct {
		server   *rig.Server
		revision string
		tasks    bool // every call becomes a task for us
	}{
		"tasks":                    {holds, "2026-07-28", true},
		"tasks of 2025-11-25":      {holds, "2025-11-25", true},
		"held calls of 2025-06-18": {holds, "2025-06-18", false},
		"held calls of 2025-03-26": {holds, "2025-03-26", false},
		"handles":                  {hands, "2025-06-18", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callLonghaul(t, test.server, test.revision, test.tasks)
		})
	}
}

func callLonghaul(t *testing.T, s *rig.Server, revision string, becomesTask bool) {
	var moved, asked atomic.Int64
	c := dialServer(t, s, client.Options{
		Revision: revision, Patience: 5 * time.Second,
		Changed: func(t client.Task) {
			if t.Progress.Total == 3000 && t.Progress.Done > 0 {
				moved.Add(1)
			}
		},
		Answer: func(context.Context, client.Question) (client.Answer, error) {
			asked.Add(1)
			return client.Accept(object{"name": "Ada"}), nil
		},
	})
	if got := c.Server().Revision; got != revision {
		t.Errorf("speaks %s", got)
	}
	r, err := c.Call(t.Context(), "sleep", object{"ms": 3000}, client.CallOptions{})
	if err != nil || (r.TaskID != "") != becomesTask || !strings.Contains(string(r.Structured), `"pid"`) || moved.Load() == 0 {
		t.Errorf("%+v, %v, moved %d times", r, err, moved.Load())
	}
	if r, err := c.Call(t.Context(), "ask", nil, client.CallOptions{}); err != nil || r.Text() != "hello Ada" || asked.Load() != 1 {
		t.Errorf("%+v, %v, asked %d times", r, err, asked.Load())
	}
	if r, err := c.Call(t.Context(), "fail", nil, client.CallOptions{}); err != nil || !r.IsError || !strings.Contains(r.Text(), "as it was told") {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = c.Call(t.Context(), "panic", nil, client.CallOptions{})
	if e, ok := errors.AsType[*client.TaskError](err); ok != becomesTask || ok && e.Task.Status != tasks.Failed || err == nil {
		t.Error(err)
	}
	if _, err := c.Wait(t.Context(), string(tasks.NewID(3))); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
}

// What is started in one revision is seen, answered, listed and cancelled in any: where the revision has no method for it, by tools.
func TestTasksOfALonghaulServerInEveryRevision(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures(tasks.Policy{}))
	s := f.Server("-hold", "1ms")
	for _, revision := range []string{"2026-07-28", "2025-11-25", "2025-06-18"} {
		t.Run(revision, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			first := dialServer(t, s, client.Options{Revision: revision, Answers: tasks.Capabilities{tasks.CanFillForms}})
			started, err := first.Start(ctx, "ask", nil, client.CallOptions{})
			if err != nil || started.ID == "" {
				t.Fatal(started, err)
			}
			first.Close()
			c := dialServer(t, s, client.Options{Revision: revision})
			var got *client.Task
			rig.Await(t, "the task asks", func() bool {
				got, err = c.Get(ctx, started.ID)
				return err == nil && got.Status == tasks.InputRequired
			})
			if q, ok := got.Questions["name"]; !ok || !strings.Contains(string(q.Params), "What is your name?") {
				t.Errorf("%+v", got)
			}
			page, _, err := c.List(ctx, "")
			if i := slices.IndexFunc(page, func(t client.Task) bool { return t.ID == started.ID }); err != nil || i < 0 || page[i].Tool != "ask" {
				t.Errorf("%+v, %v", page, err)
			}
			var refused *client.Error
			if err := c.Answer(ctx, started.ID, map[string]client.Answer{"name": client.Accept(object{"name": 7})}); !errors.As(err, &refused) {
				t.Error("an answer that does not fit:", err)
			}
			if err := c.Answer(ctx, started.ID, map[string]client.Answer{"name": client.Accept(object{"name": "Ada"})}); err != nil {
				t.Error(err)
			}
			if r, err := c.Wait(ctx, started.ID); err != nil || r.Text() != "hello Ada" || r.TaskID != started.ID {
				t.Errorf("%+v, %v", r, err)
			}
			if got, err := c.Get(ctx, started.ID); err != nil || got.Result == nil || got.Result.Text() != "hello Ada" {
				t.Errorf("%+v, %v", got, err)
			}
			held, err := c.Start(ctx, "hold", object{"gate": t.TempDir() + "/none"}, client.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := c.Cancel(ctx, held.ID); err != nil {
					t.Error(err)
				}
			}
			if _, err := c.Wait(ctx, held.ID); !errors.Is(err, client.ErrCancelled) {
				t.Error(err)
			}
		})
	}
}

// recorder remembers the session that requests name.
type recorder struct {
	id atomic.Value
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if id := req.Header.Get("Mcp-Session-Id"); id != "" {
		r.id.Store(id)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// A session is ended while its client waits and a question is open: the task goes on in another one, and the question is not put twice.
func TestAWaitOutlastsItsSession(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures(tasks.Policy{}))
	s := f.Server()
	sessions := new(recorder)
	asked, answer := make(chan struct{}, 5), make(chan struct{})
	c := dialServer(t, s, client.Options{
		Revision: "2025-11-25", HTTP: &http.Client{Transport: sessions},
		Answer: func(ctx context.Context, _ client.Question) (client.Answer, error) {
			asked <- struct{}{}
			select {
			case <-answer:
			case <-ctx.Done():
				return client.Answer{}, ctx.Err()
			}
			return client.Accept(object{"name": "Ada"}), nil
		},
	})
	waited := make(chan error, 1)
	go func() {
		r, err := c.Call(t.Context(), "ask", nil, client.CallOptions{})
		if err == nil && r.Text() != "hello Ada" {
			err = errors.New(r.Text())
		}
		waited <- err
	}()
	<-asked
	lost := sessions.id.Load()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Mcp-Session-Id", lost.(string))
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatal(res, err)
	}
	res.Body.Close()
	rig.Await(t, "another session", func() bool { return sessions.id.Load() != lost })
	close(answer)
	if err := <-waited; err != nil || len(asked) > 0 {
		t.Error(err, len(asked))
	}
}

// The server is killed while a task is waited for, and comes back at the same address; another client goes on by the task's id.
func TestAWaitOutlastsItsServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(fixtures(tasks.Policy{}))
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
	f.Image(fixtures(tasks.Policy{}))
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
	f.Image(fixtures(tasks.Policy{}))
	c := dialServer(t, f.Server("-anonymous", "nobody"), client.Options{})
	if r, err := c.Call(t.Context(), "sleep", object{"ms": 1}, client.CallOptions{}); err != nil || r.TaskID == "" {
		t.Errorf("%+v, %v", r, err)
	}
}
