// Package store keeps everything of ours in Redis: task records, their clocks, the catalogue and the keeper's lease.
//
// Every change of a task is one Lua script (lua/*.lua), so it happens whole or not at all, in Redis's own time, and may be
// replayed. Every write by a worker carries a Lease (attempt and token) and is refused once another attempt took its place.
// Whatever a method changed is durable in Redis when it returns without an error.
//
// The package does not queue work: what a method returns as a tasks.Delivery, its caller hands to package queue.
package store
