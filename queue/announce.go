package queue

import (
	"context"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// announcer is the hook on the client of asynq's enqueuer: it sends the announcement along with the script, in one round trip, since
// an idle worker waits for it.
type announcer struct{ rdb redis.UniversalClient }

// DialHook leaves dialling alone.
func (announcer) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessPipelineHook leaves pipelines alone: the announcer's own is one.
func (announcer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook lets the announcement follow asynq's enqueue script. Whether it is heard does not matter: workers also look by
// themselves, a little later. So its error is nobody's, and a script that was refused may be announced.
func (a announcer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		name, ok := enqueued(cmd)
		if !ok {
			return next(ctx, cmd)
		}
		queue, _ := split(name)
		// the script's own error is in cmd
		_, _ = a.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			_ = p.Process(ctx, cmd)
			p.Publish(ctx, channel(queue), name)
			return nil
		})
		return cmd.Err()
	}
}

// enqueued recognises asynq's script that enqueues a task, by its keys, and tells in which of the queue's names it will wait:
//
//	EVALSHA sha 2 asynq:{q}:t:<id> asynq:{q}:pending  message id now
func enqueued(cmd redis.Cmder) (name string, ok bool) {
	args := cmd.Args()
	if len(args) != 8 || (cmd.Name() != "evalsha" && cmd.Name() != "eval") {
		return "", false
	}
	task, _ := args[3].(string)
	pending, _ := args[4].(string)
	name, end, ok := strings.Cut(strings.TrimPrefix(pending, "asynq:{"), "}:")
	return name, ok && end == pendingKey && strings.HasPrefix(task, key(name, taskKey))
}
