package queue

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// waker listens for announcements of new deliveries.
type waker struct {
	// C holds a value when something was announced since it was last received from.
	C chan struct{}

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
	w := &waker{C: make(chan struct{}, 1), sub: rdb.Subscribe(ctx, channels...)}
	heard := w.sub.ChannelWithSubscriptions()
	w.done.Go(func() {
		for range heard {
			select {
			case w.C <- struct{}{}:
			default: // one is as good as many
			}
		}
	})
	return w
}

func (w *waker) close() {
	_ = w.sub.Close() // nothing can be lost with it
	w.done.Wait()
}
