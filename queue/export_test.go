package queue

import "time"

// WithTimers replaces what paces a server besides announcements: the fallback of an idle round, the pause after an error.
func (o ServeOptions) WithTimers(after func(time.Duration) <-chan time.Time) ServeOptions {
	o.after = after
	return o
}

// WithAside replaces how often asynq looks at what it put aside.
func (o ServeOptions) WithAside(d time.Duration) ServeOptions {
	o.aside = d
	return o
}

// IsDequeue and Names let tests speak of asynq's commands and queues.
var (
	IsDequeue = isDequeue
	Names     = names
	Key       = key
	TaskID    = taskID
)
