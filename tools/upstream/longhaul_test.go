package upstream_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// serveLonghaul is a front end and a worker with these tools.
func serveLonghaul(t *testing.T, opts *redis.UniversalOptions, who server.Anonymous, reg *tasks.Registry) string {
	f := newFleet(t, opts)
	front, err := server.New(server.Options{
		Store: f.store, Watcher: f.watcher, Dispatcher: f.out, Anonymous: who, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = front.Run(ctx) }()
	endpoint := httptest.NewServer(front)
	t.Cleanup(func() { endpoint.Close(); stop(); <-done })
	f.work(reg)
	await(t, "the tools to be listed", func() bool { return front.Lists(reg.Tools()) })
	return endpoint.URL
}

// A Longhaul server is an upstream like others, and better: a call whose task's id was lost leads to the same task.
func TestALonghaulServer(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		var ran atomic.Int64
		reg := new(tasks.Registry)
		tasks.AddTool(reg, tasks.Tool{Name: "crawl", Annotations: &mcp.ToolAnnotations{IdempotentHint: true}}, func(ctx context.Context, a *tasks.Attempt, _ in) (out, error) {
			ran.Add(1)
			_ = a.Progress(ctx, 3, 10, "crawling")
			reply, err := a.Ask(ctx, "who", tasks.Form[struct{ Name string }]("Who?"))
			if err != nil {
				return out{}, err
			}
			return out{Echo: string(reply.Content)}, nil
		})
		r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: serveLonghaul(t, opts, server.Local, reg)})
		if got := strings.Join(r.names(), " "); got != "up_crawl" {
			t.Errorf("tools %q", got)
		}
		k := newTask()
		asked := make(chan struct{}, 10)
		k.ask = func(ctx context.Context, _ tasks.Question) (json.RawMessage, error) {
			asked <- struct{}{}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := r.attempt(ctx, k, "up_crawl", in{})
			ended <- err
		}()
		<-asked
		await(t, "its progress", func() bool {
			k.mu.Lock()
			defer k.mu.Unlock()
			return slices.ContainsFunc(k.reports, func(p tasks.Progress) bool { return p.Done == 3 && p.Total == 10 })
		})
		lose(t, cancel, ended)
		clear(k.memory) // the worker died before it knew the id
		k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
			return json.RawMessage(`{"action":"accept","content":{"Name":"Ada"}}`), nil
		}
		got, err := r.attempt(t.Context(), k, "up_crawl", in{})
		if err != nil || !strings.Contains(got, "Ada") || strings.Contains(got, "dev.longhaul/") || ran.Load() != 1 {
			t.Error(got, err, ran.Load())
		}
	})
}

// One that cannot tell its callers apart takes no keys.
func TestALonghaulServerForNobody(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		reg := new(tasks.Registry)
		tasks.AddTool(reg, tasks.Tool{Name: "hello"}, func(context.Context, *tasks.Attempt, in) (*tasks.Result, error) { return tasks.Text("hello"), nil })
		r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: serveLonghaul(t, opts, server.Nobody, reg)})
		if got, err := r.call("up_hello", in{}); err != nil || !strings.Contains(got, "hello") {
			t.Error(got, err)
		}
	})
}
