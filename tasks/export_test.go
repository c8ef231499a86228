package tasks

// Expected is how many queues the registry has been told of by Expect, and remembers.
func (r *Registry) Expected() int { return len(r.queues) }
