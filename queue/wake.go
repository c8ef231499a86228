package queue

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// waker listens for announcements of new deliveries.
type waker struct {
	// C holds a value when something was announced since the last take.
	C chan struct{}

	mu    sync.Mutex
	names map[string]bool // of asynq, where something was announced; the empty one stands for all

	sub  *redis.PubSub
	done sync.WaitGroup
}

// listen subscribes to the queues' channels. The subscription is confirmed some time later, and again whenever the
// connection was lost and remade: what was announced meanwhile was not heard, so each confirmation counts as an
// announcement.
func listen(ctx context.Context, rdb redis.UniversalClient, queues map[string]int) *waker {
	var channels []string
	for q := range queues {
		channels = append(channels, channel(q))
	}
	w := &waker{C: make(chan struct{}, 1), names: make(map[string]bool), sub: rdb.Subscribe(ctx, channels...)}
	heard := w.sub.ChannelWithSubscriptions()
	w.done.Go(func() {
		for m := range heard {
			name := "" // a confirmation: anything may have been announced
			if m, ok := m.(*redis.Message); ok {
				name = m.Payload
			}
			w.announce(name)
		}
	})
	return w
}

func (w *waker) announce(name string) {
	w.mu.Lock()
	w.names[name] = true
	w.mu.Unlock()
	select {
	case w.C <- struct{}{}:
	default: // one is as good as many
	}
}

// take is where something was announced since the last take: nil stands for everywhere.
func (w *waker) take() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.C:
	default:
	}
	taken := w.names
	w.names = make(map[string]bool)
	if taken[""] {
		return nil
	}
	return taken
}

func (w *waker) close() {
	_ = w.sub.Close() // nothing can be lost with it
	w.done.Wait()
}
