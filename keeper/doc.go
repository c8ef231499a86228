// Package keeper does what happens when time passes: it puts waiting tasks in the queue, takes attempts from dead workers, and
// forgets what ended long ago.
//
// Workers and front ends all run a Keeper; a short lease in Redis elects one of them. Every action checks everything again inside
// its script, so a keeper that slept through its lease does no harm.
package keeper
