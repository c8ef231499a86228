package queue

import (
	"strings"

	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// isDequeue recognises asynq's script that takes one task, by its keys:
//
//	EVALSHA sha 4 asynq:{q}:pending asynq:{q}:paused asynq:{q}:active asynq:{q}:lease  lease-end task-key-prefix
func isDequeue(cmd redis.Cmder) bool {
	args := cmd.Args()
	if len(args) != 9 || (cmd.Name() != "evalsha" && cmd.Name() != "eval") {
		return false
	}
	for i, end := range []string{pendingKey, pausedKey, activeKey, leaseKey} {
		if k, ok := args[3+i].(string); !ok || !strings.HasPrefix(k, "asynq:{") || !strings.HasSuffix(k, "}:"+end) {
			return false
		}
	}
	return true
}

// nameOf is the name, in asynq, of the queue that a dequeue script asks.
func nameOf(cmd redis.Cmder) string {
	key, _ := cmd.Args()[3].(string)
	name, _, _ := strings.Cut(strings.TrimPrefix(key, "asynq:{"), "}")
	return name
}

// once is a command that is never resent. A dequeue whose reply was lost has taken a task, and would take another.
type once struct{ redis.Cmder }

func (once) NoRetry() bool { return true }

// decodable says whether asynq can decode what the script returned. A message that it cannot goes no further than the
// hook: asynq drops it without a word, and with it would go the slot that was meant for it.
func decodable(cmd redis.Cmder) bool {
	c, ok := cmd.(*redis.Cmd)
	if !ok {
		return false
	}
	msg, ok := c.Val().(string)
	// asynq does not export the type of its messages, but like every protobuf type it can be found by its name.
	typ, err := protoregistry.GlobalTypes.FindMessageByName("asynq.TaskMessage")
	return ok && err == nil && proto.Unmarshal([]byte(msg), typ.New().Interface()) == nil
}
