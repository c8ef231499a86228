package bench

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
	"github.com/longhaul-mcp/longhaul/worker"
)

// way is one way to call the upstream server's tool.
type way struct {
	name, url, tool string
	revision        string // that the client speaks. Empty: the newest
	clients         []*client.Client
	took            time.Duration
}

const (
	mostClients = 128
	// each is how many calls a client makes in a row in one round.
	each = 10
)

// BenchmarkProxy compares calls of a tool that answers at once, made to its server and made through Longhaul, which keeps them as tasks on a
// real Redis. The server, made with the SDK, is a process of its own; front end, worker and the clients are this one. The ways take turns, a
// round each, so that whatever else the machine does meets all of them.
//
//   - direct: the server itself
//   - held: through Longhaul, by a client without tasks, whose call stays open until the result is there
//   - task: through Longhaul, by a client that gets a task at once and listens for its end
func BenchmarkProxy(b *testing.B) {
	server := echoServer(b)
	through := proxy(b, server)
	ways := []*way{
		{name: "direct", url: server, tool: "echo"},
		{name: "held", url: through, tool: "up_echo", revision: "2025-06-18"},
		{name: "task", url: through, tool: "up_echo"},
	}
	for _, w := range ways {
		w.dial(b, mostClients)
	}
	b.Run("one-at-a-time", func(b *testing.B) { latency(b, ways) })
	for _, n := range []int{32, mostClients} {
		b.Run(fmt.Sprintf("%d-clients", n), func(b *testing.B) { throughput(b, ways, n) })
	}
}

func latency(b *testing.B, ways []*way) {
	times := make(map[string][]time.Duration)
	for b.Loop() {
		for _, w := range ways {
			for range each {
				begin := time.Now()
				if err := w.call(b.Context(), 0); err != nil {
					b.Fatal(w.name, err)
				}
				times[w.name] = append(times[w.name], time.Since(begin))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of all ways together
	rows := [][]any{spreadHead}
	for _, w := range ways {
		rows = append(rows, spread(w.name, times[w.name]))
		p50 := rig.Percentile(times[w.name], 50)
		b.ReportMetric(float64(p50.Microseconds()), w.name+"-p50-µs")
		b.ReportMetric(float64(rig.Percentile(times[w.name], 95).Microseconds()), w.name+"-p95-µs")
		if direct := rig.Percentile(times[ways[0].name], 50); w != ways[0] {
			b.ReportMetric(float64(p50)/float64(direct), w.name+"/direct")
		}
	}
	table(b, rows...)
}

// throughput has n clients call at once.
func throughput(b *testing.B, ways []*way, n int) {
	calls := 0
	for _, w := range ways {
		w.took = 0
	}
	for b.Loop() {
		calls += n * each
		for _, w := range ways {
			w.round(b, n)
		}
	}
	b.ReportMetric(0, "ns/op") // of all ways together
	rows := [][]any{{"", "calls", "calls/s", "of direct"}}
	for _, w := range ways {
		rate, share := float64(calls)/w.took.Seconds(), ways[0].took.Seconds()/w.took.Seconds()
		rows = append(rows, []any{w.name, calls, int(rate), fmt.Sprintf("%.3f", share)})
		b.ReportMetric(rate, w.name+"-calls/s")
		if w != ways[0] {
			b.ReportMetric(share, w.name+"/direct")
		}
	}
	table(b, rows...)
}

func (w *way) dial(b *testing.B, n int) {
	b.Helper()
	for range n {
		c, err := client.Dial(b.Context(), w.url, client.Options{Revision: w.revision})
		if err != nil {
			b.Fatal(w.name, err)
		}
		b.Cleanup(c.Close)
		w.clients = append(w.clients, c)
	}
}

func (w *way) call(ctx context.Context, i int) error {
	r, err := w.clients[i].Call(ctx, w.tool, map[string]string{"text": "hello"}, client.CallOptions{})
	if err == nil && (r.IsError || r.Text() != "hello") {
		err = fmt.Errorf("answered %s", r.Raw)
	}
	return err
}

func (w *way) round(b *testing.B, n int) {
	b.Helper()
	group, ctx := errgroup.WithContext(b.Context())
	begin := time.Now()
	for i := range n {
		group.Go(func() error {
			for range each {
				if err := w.call(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(w.name, err)
	}
	w.took += time.Since(begin)
}

// proxy is a whole Longhaul whose worker relays to a server as "up". It has a slot for each client.
func proxy(b *testing.B, server string) string {
	b.Helper()
	var reg tasks.Registry
	hub, err := upstream.New(upstream.Options{
		Registry: &reg, Servers: []upstream.Server{{Name: "up", URL: server}}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	hub.Connect(b.Context())
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	done := make(chan struct{})
	go func() { defer close(done); _ = hub.Run(ctx) }()
	b.Cleanup(func() { stop(); <-done })
	return whole(b, rig.New(b), worker.Options{Registry: &reg, Concurrency: mostClients})
}
