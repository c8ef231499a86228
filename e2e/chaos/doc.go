// Package chaos runs the product's programs while their processes, their Redis and the connections between them are broken, and judges
// afterwards, by every record and event, whether what was promised held.
//
// A plan (plan.go) follows from a seed alone: what clients call, and what is broken when. The stage (stage.go) is the processes, each
// behind a proxy of its own to Redis; the driver breaks them as planned while the clients work. What happened becomes a History, and
// each invariant is a function of it. A seed repeats its plan, not the moments at which processes meet it: a failure that depends on
// those may take a few runs to come again.
package chaos
