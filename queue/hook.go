package queue

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// hook is on the client of asynq's servers, which a client never loses again: so it is the client's, and each Serve has a pacer of its own.
type hook struct {
	pacer atomic.Pointer[pacer] // of the latest Serve; nil: there was none yet
}

// DialHook leaves dialling alone.
func (h *hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessPipelineHook leaves pipelines alone: asynq takes tasks one by one.
func (h *hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook gives asynq's dequeue script to the pacer.
func (h *hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p := h.pacer.Load()
		if p == nil || !isDequeue(cmd) {
			return next(ctx, cmd)
		}
		return p.process(ctx, cmd, next)
	}
}
