//go:build race

package rig

// race: binaries are built as the test was.
const race = true
