// Package worker runs tools: it takes deliveries from the queue, one for each free slot, claims the attempt, runs the tool while
// beating for it, and writes what came of it.
//
// An attempt that is claimed belongs to this worker alone until it stops beating. Whatever happens to the queue, to Redis or to
// other workers meanwhile, it runs on, and every write it makes is refused once its place was taken.
package worker
