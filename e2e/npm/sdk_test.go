package npm

import (
	"slices"
	"strings"
	"testing"
)

// @modelcontextprotocol/sdk 1.x: its experimental tasks, and plain calls.
func TestSDK(t *testing.T) {
	t.Parallel()
	at := newStage(t)
	play(t, at, "sdk.mjs", legacy, slices.Concat(plain, withTasks, []scenario{
		inventory,
		{"plainCut", func(t *testing.T, at stage, s seen) {
			s.echoes(t, `{"ms":6000}`)
			if !s.Cut || len(s.Progress) < 4 || !rises(s.Progress) {
				t.Errorf("cut %t, progress was %v", s.Cut, s.Progress)
			}
			if n := len(at.Ledger().Starts(at.task(t, `{"ms":6000}`))); n != 1 {
				t.Errorf("the tool ran %d times", n)
			}
		}},
		{"fail", func(t *testing.T, _ stage, s seen) {
			if !strings.Contains(s.Error, "failed") {
				t.Errorf("the task ended with %q", s.Error)
			}
		}},
	}))
}

func rises(numbers []float64) bool {
	for i := range len(numbers) - 1 {
		if numbers[i] >= numbers[i+1] {
			return false
		}
	}
	return true
}
