package bench

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

// whole is a front end and a worker in this one process, as launch puts them together. Its URL is returned once the tools are listed.
func whole(b *testing.B, f *rig.Fleet, o worker.Options) string {
	b.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rdb := f.Redis.Client(b)
	st, err := store.Open(b.Context(), rdb, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	watcher, q := st.NewWatcher(), queue.New(rdb)
	dispatcher := keeper.NewDispatcher(st, q, log)
	front, err := server.New(server.Options{
		Store: st, Watcher: watcher, Dispatcher: dispatcher, Anonymous: server.Local, Version: "bench", Logger: log,
	})
	if err != nil {
		b.Fatal(err)
	}
	o.Store, o.Watcher, o.Queue, o.Dispatcher = st, watcher, queue.NewServer(f.Redis.Client(b)), dispatcher
	o.Name, o.Logger = "bench", log
	w := worker.New(o, prometheus.NewRegistry())

	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	var running errgroup.Group
	for _, run := range []func(context.Context) error{watcher.Run, keeper.New(st, q, "bench", log).Run, front.Run, w.Run} {
		running.Go(func() error { return run(ctx) })
	}
	endpoint := httptest.NewServer(front)
	b.Cleanup(func() {
		endpoint.Close()
		stop()
		if err := running.Wait(); err != nil {
			b.Error(err)
		}
		dispatcher.Wait()
	})
	rig.Await(b, "the tools to be listed", func() bool { return front.Lists(o.Registry.Tools()) })
	return endpoint.URL
}

func echoRegistry() *tasks.Registry {
	var reg tasks.Registry
	reg.Add(tasks.Tool{Name: "echo", Description: "Answers at once"}, func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
		return &tasks.Result{Structured: image.Echoed{StartedNs: time.Now().UnixNano()}}, nil
	})
	return &reg
}
