//go:build !race

package rig

// Race says whether this is a build with the race detector, and so are the programs that rigs start.
const Race = false
