package npm

import (
	"regexp"
	"slices"
	"testing"
)

// @modelcontextprotocol/sdk 1.x: its experimental tasks, and plain calls.
func TestSDK(t *testing.T) {
	t.Parallel()
	at := newStage(t)
	play(t, at, "sdk.mjs", legacy, slices.Concat(plain, withTasks, []scenario{
		inventory,
		{"plainCut", `{"ms":6000}`, func(t *testing.T, at stage, s seen) {
			s.echoes(t)
			s.rises(t, 4)
			if !s.Cut {
				t.Error("nothing was cut")
			}
			if n := len(at.Ledger().Starts(at.task(t, s.arguments))); n != 1 {
				t.Errorf("the tool ran %d times", n)
			}
		}},
		{"fail", `{}`, func(t *testing.T, _ stage, s seen) {
			if !sdkFailed.MatchString(s.Error) {
				t.Errorf("the task ended with %q", s.Error)
			}
		}},
	}))
}

// sdkFailed is what it says of any task that failed.
var sdkFailed = regexp.MustCompile(`^MCP error -32603: Task [0-9a-f-]+ failed$`)
