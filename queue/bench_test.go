package queue_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// BenchmarkPickup measures how long a delivery waits for an idle worker: from the return of Enqueue, and from its call,
// to the call of the handler. asynq's own default is beside it; it is seconds long, so give it few iterations:
//
//	go test ./queue -run '^$' -bench Pickup/longhaul -benchtime 2000x
//	go test ./queue -run '^$' -bench Pickup/asynq -benchtime 10x
func BenchmarkPickup(b *testing.B) {
	b.Run("longhaul", func(b *testing.B) {
		opts, name := redistest.Options(b), newQueue()
		q, serving := queue.New(redistest.Open(b, opts)), redistest.Open(b, opts)
		called := make(chan time.Time, 1)
		s := newSlots(1)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		idle := make(chan struct{}, 1000)
		after := func(d time.Duration) <-chan time.Time {
			idle <- struct{}{}
			return time.After(d)
		}
		go func() {
			o := queue.ServeOptions{Queues: map[string]int{name: 1}, Slots: s}.WithTimers(after)
			ended <- queue.NewServer(serving).Serve(ctx, o, func(context.Context, tasks.Delivery) {
				called <- time.Now()
				s.Release()
			})
		}()
		measure(b, called, func() {
			receive(b, "idle worker", idle)
		}, func() error { return q.Enqueue(b.Context(), first(name)) })
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	b.Run("asynq", func(b *testing.B) {
		opts, name := redistest.Options(b), newQueue()
		client := asynq.NewClientFromRedisClient(redistest.Open(b, opts))
		server := asynq.NewServerFromRedisClient(redistest.Open(b, opts), asynq.Config{
			Queues: map[string]int{name: 1}, LogLevel: asynq.FatalLevel,
		})
		called := make(chan time.Time, 1)
		if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
			called <- time.Now()
			return nil
		})); err != nil {
			b.Fatal(err)
		}
		measure(b, called, func() {}, func() error {
			_, err := client.EnqueueContext(b.Context(), asynq.NewTask("t", nil), asynq.Queue(name))
			return err
		})
		server.Shutdown()
	})
}

// measure reports percentiles of the time from enqueue to called. A handler may be called before enqueue has returned.
func measure(b *testing.B, called <-chan time.Time, ready func(), enqueue func() error) {
	b.Helper()
	var fromCall, fromReturn []time.Duration
	for b.Loop() {
		ready()
		before := time.Now()
		if err := enqueue(); err != nil {
			b.Fatal(err)
		}
		returned := time.Now()
		at := receive(b, "delivery", called)
		fromCall = append(fromCall, at.Sub(before))
		fromReturn = append(fromReturn, max(at.Sub(returned), 0))
	}
	report(b, fromReturn, "")
	report(b, fromCall, "-from-call")
}

func report(b *testing.B, ds []time.Duration, suffix string) {
	slices.Sort(ds)
	for name, part := range map[string]float64{"p50": 0.50, "p99": 0.99} {
		d := ds[min(int(float64(len(ds))*part), len(ds)-1)]
		b.ReportMetric(float64(d)/float64(time.Microsecond), name+suffix+"-µs")
	}
}

// BenchmarkIdle measures how many commands an idle worker of one queue sends to Redis, over ten seconds each time.
//
//	go test ./queue -run '^$' -bench Idle -benchtime 1x
func BenchmarkIdle(b *testing.B) {
	const watch = 10 * time.Second
	server := redistest.Private(b)
	name := newQueue()
	idle := make(chan struct{}, 1000)
	serve(b, server.Client(b), 1, only(name).WithTimers(func(d time.Duration) <-chan time.Time {
		idle <- struct{}{}
		return time.After(d)
	}))
	receive(b, "idle worker", idle)
	sent := 0
	for b.Loop() {
		sent += monitor(b, server.Addr(), watch)
	}
	b.ReportMetric(float64(sent)/float64(b.N)/watch.Seconds(), "cmds/s")
}

// monitor counts the commands that clients send to a server; those that scripts call are not among them.
func monitor(b *testing.B, addr string, d time.Duration) int {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		b.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		b.Fatal(err)
	}
	n := -1 // the reply to MONITOR itself
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if !strings.Contains(lines.Text(), " lua] ") {
			n++
		}
	}
	return n
}
