package bench

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hibiken/asynq" //nolint:depguard // its default is measured in the same run

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/worker"
)

// BenchmarkPickup is the time from the answered create to the start of the tool's handler, on a system that does nothing else: over
// HTTP and a real Redis, with the front end and the worker in this one process, and with each in a process of its own. Beside it, in
// the same run: asynq as it comes, from the end of its Enqueue to the start of its handler. Each sample begins at another moment,
// since a worker that polls is only sometimes just about to look.
func BenchmarkPickup(b *testing.B) {
	b.Run("one-process", func(b *testing.B) {
		pickups(b, rig.NewClient(b, whole(b, rig.New(b), worker.Options{Registry: echoRegistry()})))
	})
	b.Run("processes", func(b *testing.B) {
		f := rig.New(b)
		c := f.Server().Client(b)
		f.Image(echo())
		pickups(b, c)
	})
	b.Run("asynq-default", func(b *testing.B) {
		times := asynqPickups(b, rig.New(b))
		table(b, spreadHead, spread("asynq enqueued → handler starts", times))
		report(b, times)
	})
}

func pickups(b *testing.B, c *rig.Client) {
	b.Helper()
	c.AwaitTool(b, "echo")
	var answered, sent []time.Duration
	for b.Loop() {
		rig.After(b, 20*time.Millisecond+rand.N(20*time.Millisecond))
		begin := time.Now()
		task, err := c.TryCall(b.Context(), "echo", rig.Object{})
		created := time.Now()
		if err != nil {
			b.Fatal(err)
		}
		rig.After(b, 20*time.Millisecond) // asking at once would be work beside what is measured
		started := time.Unix(0, c.Await(b, task.ID, "completed").Echoed(b).StartedNs)
		answered = append(answered, max(0, started.Sub(created)))
		sent = append(sent, started.Sub(begin))
	}
	table(b, spreadHead,
		spread("create answered → handler starts", answered),
		spread("create sent → handler starts", sent))
	report(b, answered)
}

func report(b *testing.B, sorted []time.Duration) {
	b.ReportMetric(0, "ns/op") // the pauses are in it
	b.ReportMetric(float64(rig.Percentile(sorted, 50).Microseconds()), "p50-µs")
	b.ReportMetric(float64(rig.Percentile(sorted, 95).Microseconds()), "p95-µs")
}

// asynqPickups measures a client and a server of asynq's own, with their defaults.
func asynqPickups(b *testing.B, f *rig.Fleet) []time.Duration {
	b.Helper()
	rdb := f.Redis.Client(b)
	started := make(chan time.Time, 1)
	server := asynq.NewServerFromRedisClient(f.Redis.Client(b), asynq.Config{LogLevel: asynq.FatalLevel})
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		started <- time.Now()
		return nil
	})); err != nil {
		b.Fatal(err)
	}
	defer server.Shutdown()
	client := asynq.NewClientFromRedisClient(rdb)
	var list []time.Duration
	for b.Loop() {
		rig.After(b, rand.N(time.Second))
		if _, err := client.EnqueueContext(b.Context(), asynq.NewTask("echo", nil)); err != nil {
			b.Fatal(err)
		}
		enqueued := time.Now()
		select {
		case at := <-started:
			list = append(list, max(0, at.Sub(enqueued)))
		case <-time.After(rig.Patience):
			b.Fatal("asynq did not pick it up")
		}
	}
	return list
}
