// Package queue hands deliveries from those who make tasks to those who run them. It is the only package that knows
// asynq, and uses it for nothing but this: a delivery is put into a queue once, taken out once, and forgotten.
//
//	q := queue.New(rdb)
//	err := q.Enqueue(ctx, tasks.Delivery{Task: id, Attempt: 1, Queue: "default"})
//	...
//	err = queue.NewServer(itsOwnClient).Serve(ctx, queue.ServeOptions{Queues: map[string]int{"default": 1}, Slots: slots}, handle)
//
// The truth about a task is in its record, not here. asynq's leases, retries, timeouts and archive never touch a running
// attempt, since a handler returns as soon as it has started one: delivery is at most once per enqueue, and the keeper
// enqueues a higher attempt when one got lost.
//
// asynq asks Redis for work at an interval. Serve does not: a hook on its Redis client holds each asking until one of
// the worker's slots is free and there is something to take, which Enqueue announces by PUBLISH. So work is picked up
// within a millisecond, an idle worker costs Redis next to nothing, and there are never more deliveries than slots. The
// hook knows asynq's script by its keys; asynq's version is pinned, and a test fails when they change.
package queue
