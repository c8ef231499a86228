package queue

import "time"

// WithTimers replaces what paces a server besides announcements: the fallback of an idle round, the pause after an error.
func (o ServeOptions) WithTimers(after func(time.Duration) <-chan time.Time) ServeOptions {
	o.after = after
	return o
}

// IsDequeue and Names let tests speak of asynq's commands and queues.
var (
	IsDequeue = isDequeue
	Names     = names
	Key       = key
	TaskID    = taskID
)
