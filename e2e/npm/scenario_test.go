package npm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

// seen is what a script prints of a scenario: what its client saw.
type seen struct {
	Revision string   `json:"revision"`
	Tools    []string `json:"tools"`

	arguments string // of the calls that it made
	outcome
	Handle outcome `json:"handle"`
	Result outcome `json:"result"`
	Error  string  `json:"error"`

	Task     string    `json:"task"`
	Same     bool      `json:"same"`
	Has      bool      `json:"has"`
	Cut      bool      `json:"cut"`
	Later    int       `json:"later"`
	Kind     string    `json:"kind"`
	Status   string    `json:"status"`
	Statuses []string  `json:"statuses"`
	Messages []string  `json:"messages"`
	Pushed   []string  `json:"pushed"`
	Progress []float64 `json:"progress"`
}

// outcome is a tool's result.
type outcome struct {
	Text       string          `json:"text"`
	IsError    bool            `json:"isError"`
	Structured json.RawMessage `json:"structured"`
}

func (o outcome) says(t *testing.T, text string) {
	t.Helper()
	if o.Text != text || o.IsError {
		t.Errorf("the result is %q, isError %t, want %q", o.Text, o.IsError, text)
	}
}

// echoes checks that the result is that of the scenario's call.
func (s seen) echoes(t *testing.T) {
	t.Helper()
	s.outcome.echoes(t, s.arguments)
}

func (o outcome) echoes(t *testing.T, arguments string) {
	t.Helper()
	var e image.Echoed
	if err := json.Unmarshal(o.Structured, &e); err != nil || o.IsError || string(e.Arguments) != arguments || e.Attempt != 1 {
		t.Errorf("the result is %s, isError %t, want the echo of %s", o.Structured, o.IsError, arguments)
	}
}

// went checks which statuses a task had on its way.
func (s seen) went(t *testing.T, statuses ...string) {
	t.Helper()
	if !slices.Equal(s.Statuses, statuses) {
		t.Errorf("the task was %v, want %v", s.Statuses, statuses)
	}
}

// reported checks that a task told of its progress.
func (s seen) reported(t *testing.T) {
	t.Helper()
	var whole struct{ MS int }
	read(t, []byte(s.arguments), &whole)
	want := fmt.Sprintf(" of %d · attempt 1 sleeps", whole.MS)
	if !slices.ContainsFunc(s.Messages, func(m string) bool { return strings.Contains(m, want) }) {
		t.Errorf("no progress in %q", s.Messages)
	}
}

func (s seen) lists(t *testing.T, tools ...string) {
	t.Helper()
	if !slices.Equal(s.Tools, tools) {
		t.Errorf("got tools %v, want %v", s.Tools, tools)
	}
}

// rises checks that the progress was told of several times, and higher each time.
func (s seen) rises(t *testing.T, times int) {
	t.Helper()
	if len(s.Progress) < times {
		t.Errorf("progress was %v, want it %d times", s.Progress, times)
	}
	for i := range len(s.Progress) - 1 {
		if s.Progress[i] >= s.Progress[i+1] {
			t.Fatalf("progress does not rise: %v", s.Progress)
		}
	}
}

// scenario is one run of a script, and what must come of it.
type scenario struct {
	name      string
	arguments string // of the calls that it makes
	check     func(t *testing.T, at stage, s seen)
}

// play runs scenarios of a script.
func play(t *testing.T, at stage, script, revision string, scenarios []scenario) {
	t.Helper()
	for _, x := range scenarios {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			out, code := run(t, script, strings.Join(at.urls, ","), revision, x.name, x.arguments)
			if code != 0 {
				t.Fatalf("exit code %d", code)
			}
			var s seen
			read(t, out, &s)
			s.arguments = x.arguments
			x.check(t, at, s)
		})
	}
}

// plain are scenarios of clients without tasks, whatever their revision.
var plain = []scenario{
	{"plainList", `{}`, func(t *testing.T, _ stage, s seen) {
		s.lists(t, "ask", "fail", "long", "quick", "slow", "task_answer", "task_cancel", "task_get", "task_list", "task_wait")
	}},
	{"plainQuick", `{"n":4}`, func(t *testing.T, _ stage, s seen) { s.echoes(t) }},
	{"plainAsk", `{}`, func(t *testing.T, _ stage, s seen) { s.says(t, "hello Ada") }},
	{"plainFail", `{}`, func(t *testing.T, _ stage, s seen) {
		if s.Text != "failed as it was told" || !s.IsError {
			t.Errorf("got %q, isError %t", s.Text, s.IsError)
		}
	}},
	{"plainProgress", `{"ms":4000}`, func(t *testing.T, _ stage, s seen) { // it took longer than the client's timeout
		s.echoes(t)
		s.rises(t, 3)
	}},
	{"plainCancel", `{"ms":600001}`, func(t *testing.T, at stage, s seen) {
		if !strings.Contains(s.Error, "enough") {
			t.Errorf("the call ended with %q", s.Error)
		}
		at.stopped(t, at.task(t, s.arguments))
		if s.Later > 1 {
			t.Errorf("the client came back %d times for what it had cancelled", s.Later)
		}
	}},
	{"plainHandle", `{"ms":3000}`, func(t *testing.T, _ stage, s seen) {
		var handle, result struct {
			Status string
			Result json.RawMessage
		}
		read(t, s.Handle.Structured, &handle)
		read(t, s.Result.Structured, &result)
		if handle.Status != "working" || !strings.Contains(s.Handle.Text, "call task_wait") {
			t.Errorf("the handle is %s, %q", handle.Status, s.Handle.Text)
		}
		if result.Status != "completed" {
			t.Errorf("the task is %s", result.Status)
		}
		outcome{Structured: result.Result}.echoes(t, s.arguments)
	}},
}

// withTasks are scenarios of clients with tasks, whatever their revision.
var withTasks = []scenario{
	{"quick", `{"n":1}`, func(t *testing.T, _ stage, s seen) {
		s.echoes(t)
		s.went(t, "working", "completed")
	}},
	{"long", `{"ms":3000}`, func(t *testing.T, _ stage, s seen) {
		s.echoes(t)
		s.went(t, "working", "completed")
		s.reported(t)
	}},
	{"ask", `{}`, func(t *testing.T, _ stage, s seen) {
		s.says(t, "hello Ada")
		if !slices.Contains(s.Statuses, "input_required") {
			t.Errorf("the task was %v, it never asked", s.Statuses)
		}
	}},
	{"get", `{"n":2}`, func(t *testing.T, _ stage, s seen) {
		if !s.Same || s.Status != "completed" {
			t.Errorf("tasks/get tells of task %s, %s", s.Task, s.Status)
		}
	}},
	{"cancel", `{"ms":600000}`, func(t *testing.T, at stage, s seen) {
		if s.Status != "cancelled" {
			t.Errorf("the task is %s", s.Status)
		}
		at.stopped(t, s.Task)
	}},
}

var inventory = scenario{"inventory", `{"n":3}`, func(t *testing.T, _ stage, s seen) {
	if !s.Has {
		t.Error("tasks/list does not have the task")
	}
}}
