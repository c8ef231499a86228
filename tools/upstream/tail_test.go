package upstream_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// What programs write when they end, and what of it is told.
func TestWhyAProgramEnded(t *testing.T) {
	t.Parallel()
	stack := strings.Repeat("    at run (node:internal/process:1:2)\n", 12)
	for wrote, want := range map[string]string{
		"":                                   "exit status 2",
		"no licence key\n":                   "exit status 2: no licence key",
		"no licence key":                     "exit status 2: no licence key",
		"loading\n\n  no licence key \r\n\n": "exit status 2: no licence key",
		"Fatal error in main(): no module":   "exit status 2: Fatal error in main(): no module",
		"Error: an API key is required\nInvalid configuration\n":                                                    "exit status 2: Error: an API key is required … Invalid configuration",
		"/a.js:1\nthrow new Error('key')\n^\n\nError: key\n" + stack + "\nNode.js v20.20.2\n":                       "exit status 2: Error: key … Node.js v20.20.2",
		"npm warn old\nnpm error code E404\nnpm error 404 nothing\nnpm error A complete log of this run is in /x\n": "exit status 2: npm error code E404 … npm error A complete log of this run is in /x",
		"Traceback (most recent call last):\n  File \"a.py\"\nValueError: key\n":                                    "exit status 2: ValueError: key",
		"Error: an older one\nTypeError: key\n":                                                                     "exit status 2: TypeError: key",
		"panic: key\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:3 +0x1d\n":                                      "exit status 2: panic: key … /a.go:3 +0x1d",
		"Errors are told here\ndone\n":                                                                              "exit status 2: done",
		"Error: key\n" + strings.Repeat("usage\n", 50):                                                              "exit status 2: usage",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := start(t, upstream.Options{}, dying(wrote))
			health := r.becomes(upstream.Down)
			if got := health.Err.Error(); !strings.HasSuffix(got, "it ended with "+want) {
				t.Errorf("%q of %q", got, wrote)
			}
		})
	}
}

// A program that takes long to start, as npx does at first, is waited for beside what is there already.
func TestAProgramThatIsSlowToStart(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{Wait: 50 * time.Millisecond}, program("up", "silent"))
	h := r.hub.Health()[0]
	if want := "its tools cannot be listed, trying again: it has not answered within 50ms of the start"; h.State != upstream.Starting || h.Warnings != want {
		t.Errorf("%s %q, want %q", h.State, h.Warnings, want)
	}
}

// dying is a program that writes something to stderr, and ends.
func dying(last string) upstream.Server {
	s := program("up", "dying")
	s.Env = func(context.Context) ([]string, error) {
		return []string{serverVariable + "=dying", "LAST_WORDS=" + last}, nil
	}
	return s
}

// serveDying is that program.
func serveDying() {
	_, _ = os.Stderr.WriteString(os.Getenv("LAST_WORDS"))
	os.Exit(2)
}
