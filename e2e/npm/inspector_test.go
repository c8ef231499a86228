package npm

import (
	"slices"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// inspector is the Inspector's command line client in one of its eras.
type inspector struct{ url, era string }

// inspected is what it prints.
type inspected struct {
	Result struct {
		rig.Result
		Tools []struct{ Name string }
	}
}

func (i inspected) outcome() outcome {
	r := i.Result
	return outcome{r.Text(), r.IsError, r.StructuredContent}
}

// invoke runs a method, and wants an exit code.
func (i inspector) invoke(t *testing.T, want int, args ...string) inspected {
	t.Helper()
	args = slices.Concat([]string{"--cli", "--server-url", i.url, "--transport", "http", "--protocol-era", i.era, "--format", "json", "--quiet", "--method"}, args)
	out, code := run(t, packages+"inspector/clients/launcher/build/index.js", args...)
	if code != want {
		t.Fatalf("exit code %d, want %d", code, want)
	}
	var printed inspected
	read(t, out, &printed)
	return printed
}

func (i inspector) call(t *testing.T, tool, arguments string) inspected {
	t.Helper()
	return i.invoke(t, 0, "tools/call", "--tool-name", tool, "--tool-args-json", arguments)
}

// toolFailed is the Inspector's exit code when a tool reports an error.
const toolFailed = 5

func TestInspector(t *testing.T) {
	t.Parallel()
	at := newStage(t)
	for n, era := range []string{"modern", "legacy"} {
		i := inspector{at.urls[n], era}
		t.Run(era+"/list", func(t *testing.T) {
			t.Parallel()
			listed := i.invoke(t, 0, "tools/list").Result.Tools
			if n := len(listed); n < 5 || listed[0].Name != "ask" {
				t.Errorf("got %v", listed)
			}
		})
		t.Run(era+"/quick", func(t *testing.T) {
			t.Parallel()
			i.call(t, "quick", `{"n":1}`).outcome().echoes(t, `{"n":1}`)
		})
		t.Run(era+"/long", func(t *testing.T) {
			t.Parallel()
			i.call(t, "long", `{"ms":3000}`).outcome().echoes(t, `{"ms":3000}`)
		})
		t.Run(era+"/fail", func(t *testing.T) {
			t.Parallel()
			if o := i.invoke(t, toolFailed, "tools/call", "--tool-name", "fail").outcome(); o.Text != "failed as it was told" || !o.IsError {
				t.Errorf("got %+v", o)
			}
		})
	}
	// Longer than the servers hold a call: that is nothing to a client with tasks, and a handle for others.
	t.Run("modern/slow", func(t *testing.T) {
		t.Parallel()
		inspector{at.urls[0], "modern"}.call(t, "slow", `{"ms":3000}`).outcome().echoes(t, `{"ms":3000}`)
	})
	t.Run("legacy/slow", func(t *testing.T) {
		t.Parallel()
		i, other := inspector{at.urls[0], "legacy"}, inspector{at.urls[1], "legacy"}
		var handle struct{ TaskID, Status string }
		read(t, i.call(t, "slow", `{"ms":3000}`).Result.StructuredContent, &handle)
		var end struct{ Status string }
		read(t, other.call(t, "task_wait", `{"taskId":"`+handle.TaskID+`"}`).Result.StructuredContent, &end)
		if handle.Status != "working" || end.Status != "completed" {
			t.Errorf("the task is %s, then %s", handle.Status, end.Status)
		}
	})
}
