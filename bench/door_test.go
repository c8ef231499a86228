package bench

import (
	"context"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// clients is how many callers a benchmark of the front end has, per core.
const clients = 8

// front is a server that lists the echo tool, without a worker: what is measured is the front end alone.
func front(b *testing.B) *rig.Client {
	b.Helper()
	f := rig.New(b)
	s := f.Server()
	worker := f.Image(echo())
	s.Client(b).AwaitTool(b, "echo")
	worker.Terminate()
	worker.ExitCode()
	return s.Client(b)
}

// BenchmarkCreate is how many tasks one server creates in a second, over HTTP, each durable when it is answered.
func BenchmarkCreate(b *testing.B) {
	c := front(b)
	b.Run("tools/call", func(b *testing.B) {
		perSecond(b, func(ctx context.Context) error {
			_, err := c.TryCall(ctx, "echo", rig.Object{"n": 1})
			return err
		})
	})
}

// BenchmarkGet is how many tasks/get one server answers in a second.
func BenchmarkGet(b *testing.B) {
	c := front(b)
	task := c.Call(b, "echo", rig.Object{"n": 1})
	b.Run("tasks/get", func(b *testing.B) {
		perSecond(b, func(ctx context.Context) error {
			_, err := c.TryGet(ctx, task.ID)
			return err
		})
	})
}

func perSecond(b *testing.B, do func(context.Context) error) {
	b.SetParallelism(clients)
	begin := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(b.Context()); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "requests/s")
}
