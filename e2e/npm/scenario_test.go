package npm

import (
	"encoding/json"
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

	outcome
	Handle outcome `json:"handle"`
	Result outcome `json:"result"`
	Error  string  `json:"error"`

	Task     string    `json:"task"`
	Same     bool      `json:"same"`
	Has      bool      `json:"has"`
	Cut      bool      `json:"cut"`
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
	if !slices.ContainsFunc(s.Messages, func(m string) bool { return strings.Contains(m, " of 3000 · attempt 1 sleeps") }) {
		t.Errorf("no progress in %q", s.Messages)
	}
}

func (s seen) lists(t *testing.T, tools ...string) {
	t.Helper()
	if !slices.Equal(s.Tools, tools) {
		t.Errorf("got tools %v, want %v", s.Tools, tools)
	}
}

// scenario is one run of a script, and what must come of it.
type scenario struct {
	name  string
	check func(t *testing.T, at stage, s seen)
}

// play runs scenarios of a script.
func play(t *testing.T, at stage, script, revision string, scenarios []scenario) {
	t.Helper()
	for _, x := range scenarios {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			out, code := run(t, script, strings.Join(at.urls, ","), revision, x.name)
			if code != 0 {
				t.Fatalf("exit code %d", code)
			}
			var s seen
			read(t, out, &s)
			x.check(t, at, s)
		})
	}
}

// plain are scenarios of clients without tasks, whatever their revision.
var plain = []scenario{
	{"plainList", func(t *testing.T, _ stage, s seen) {
		s.lists(t, "ask", "fail", "long", "quick", "slow", "task_answer", "task_cancel", "task_get", "task_list", "task_wait")
	}},
	{"plainQuick", func(t *testing.T, _ stage, s seen) { s.echoes(t, `{"n":4}`) }},
	{"plainAsk", func(t *testing.T, _ stage, s seen) { s.says(t, "hello Ada") }},
	{"plainFail", func(t *testing.T, _ stage, s seen) {
		if s.Text != "failed as it was told" || !s.IsError {
			t.Errorf("got %q, isError %t", s.Text, s.IsError)
		}
	}},
	{"plainProgress", func(t *testing.T, _ stage, s seen) { // it took longer than the client's timeout
		s.echoes(t, `{"ms":4000}`)
		if len(s.Progress) < 3 || !slices.IsSorted(s.Progress) {
			t.Errorf("progress was %v", s.Progress)
		}
	}},
	{"plainCancel", func(t *testing.T, at stage, s seen) {
		if !strings.Contains(s.Error, "enough") {
			t.Errorf("the call ended with %q", s.Error)
		}
		at.stopped(t, at.task(t, `{"ms":600001}`))
	}},
	{"plainHandle", func(t *testing.T, _ stage, s seen) {
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
		outcome{Structured: result.Result}.echoes(t, `{"ms":3000}`)
	}},
}

// withTasks are scenarios of clients with tasks, whatever their revision.
var withTasks = []scenario{
	{"quick", func(t *testing.T, _ stage, s seen) {
		s.echoes(t, `{"n":1}`)
		s.went(t, "working", "completed")
	}},
	{"long", func(t *testing.T, _ stage, s seen) {
		s.echoes(t, `{"ms":3000}`)
		s.went(t, "working", "completed")
		s.reported(t)
	}},
	{"ask", func(t *testing.T, _ stage, s seen) {
		s.says(t, "hello Ada")
		if !slices.Contains(s.Statuses, "input_required") {
			t.Errorf("the task was %v, it never asked", s.Statuses)
		}
	}},
	{"get", func(t *testing.T, _ stage, s seen) {
		if !s.Same || s.Status != "completed" {
			t.Errorf("tasks/get tells of task %s, %s", s.Task, s.Status)
		}
	}},
	{"cancel", func(t *testing.T, at stage, s seen) {
		if s.Status != "cancelled" {
			t.Errorf("the task is %s", s.Status)
		}
		at.stopped(t, s.Task)
	}},
}

var inventory = scenario{"inventory", func(t *testing.T, _ stage, s seen) {
	if !s.Has {
		t.Error("tasks/list does not have the task")
	}
}}
