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
		{"fail", func(t *testing.T, _ stage, s seen) {
			if !strings.Contains(s.Error, "failed") {
				t.Errorf("the task ended with %q", s.Error)
			}
		}},
	}))
}
