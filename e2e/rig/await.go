package rig

import (
	"testing"
	"time"
)

// Patience is how long anything may take that should not take long. Machines are slow at times.
const Patience = 60 * time.Second

// Await polls until ok, and fails the test when its patience ends.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !Within(t, Patience, ok) {
		t.Fatalf("waited %s for: %s", Patience, what)
	}
}

// Within polls until ok, for d at most.
func Within(t testing.TB, d time.Duration, ok func() bool) bool {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(d)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			return ok()
		case <-t.Context().Done():
			return false
		}
	}
	return true
}

// After waits: for a fault that has to last, or a load that has to be spread. Never to let something happen: Await that.
func After(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}
