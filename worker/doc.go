// Package worker runs tools: it takes deliveries from the queue, one for each free slot, claims the attempt, runs the tool while
// beating for it, and writes the outcome.
//
// A claimed attempt belongs to this worker alone until it stops beating. Whatever happens to the queue, to Redis or to other workers
// meanwhile, it runs on; once another attempt has taken its place, all its writes are refused.
//
// To read it, follow an attempt: serve.go takes from the queues, take.go claims, attempt.go runs the tool while beat.go beats, report.go,
// ask.go, memory.go and object.go are what the tool may do meanwhile, and outcome.go writes the end. hung.go is about tools that do not stop,
// limit.go about permits, large.go about results for the blob store. announce.go lists the tools; responders.go, responder.go and watching.go
// answer for sources.
package worker
