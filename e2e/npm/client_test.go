package npm

import (
	"slices"
	"strings"
	"testing"
)

// @modelcontextprotocol/client with @modelcontextprotocol/ext-tasks. It finds out by itself which revision a server has.
func TestClientModern(t *testing.T) {
	t.Parallel()
	at := newStage(t)
	play(t, at, "client.mjs", modern, slices.Concat(plain, withTasks, []scenario{
		resume,
		{"list", `{}`, func(t *testing.T, _ stage, s seen) {
			s.lists(t, "ask", "fail", "long", "quick", "slow")
			if s.Revision != modern {
				t.Errorf("it speaks %s", s.Revision)
			}
		}},
		{"fail", `{}`, func(t *testing.T, _ stage, s seen) {
			s.went(t, "working", "completed")
			if s.Text != "failed as it was told" || !s.IsError {
				t.Errorf("got %q, isError %t", s.Text, s.IsError)
			}
		}},
		{"listen", `{"ms":3000}`, func(t *testing.T, _ stage, s seen) {
			s.echoes(t)
			if len(s.Pushed) < 3 || s.Pushed[len(s.Pushed)-1] != "completed" {
				t.Errorf("notifications/tasks said %v", s.Pushed)
			}
		}},
	}))
}

func TestClientLegacy(t *testing.T) {
	t.Parallel()
	at := newStage(t)
	play(t, at, "client.mjs", legacy, slices.Concat(plain, withTasks, []scenario{
		resume, inventory,
		{"list", `{}`, func(t *testing.T, _ stage, s seen) {
			if s.Revision != legacy {
				t.Errorf("it speaks %s", s.Revision)
			}
		}},
		{"fail", `{}`, func(t *testing.T, _ stage, s seen) {
			if !strings.Contains(s.Error, "failed as it was told") {
				t.Errorf("the task ended with %q", s.Error)
			}
		}},
	}))
}

var resume = scenario{"resume", `{"ms":2000}`, func(t *testing.T, _ stage, s seen) { s.echoes(t) }}
