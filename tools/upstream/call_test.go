package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// everyWay runs a test with the SDK's server in each of the ways to speak to it.
func everyWay(t *testing.T, o upstream.Options, test func(t *testing.T, r *rig)) {
	t.Parallel()
	for name, way := range map[string]struct {
		revision string
		server   func(*testing.T) upstream.Server
	}{
		"stdio":            {"2026-07-28", func(*testing.T) upstream.Server { return program("up", "sdk") }},
		"stdio 2025-11-25": {"2025-11-25", func(*testing.T) upstream.Server { return program("up", "sdk", "REVISION=2025-11-25") }},
		"stdio 2024-11-05": {"2024-11-05", func(*testing.T) upstream.Server { return program("up", "sdk", "REVISION=2024-11-05") }},
		"HTTP":             {"2026-07-28", func(t *testing.T) upstream.Server { return upstream.Server{Name: "up", URL: serveHTTP(t, false)} }},
		"HTTP sessions": {"2025-11-25", func(t *testing.T) upstream.Server {
			return upstream.Server{Name: "up", URL: serveHTTP(t, true)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, o, way.server(t))
			if got := r.hub.Health()[0].Revision; got != way.revision {
				t.Errorf("speaks %s, want %s", got, way.revision)
			}
			test(t, r)
		})
	}
}

func TestToolsAreRelayed(t *testing.T) {
	everyWay(t, upstream.Options{}, func(t *testing.T, r *rig) {
		if got, want := strings.Join(r.names(), " "), "up_ask up_die up_die_safely up_echo up_fail up_grow up_refuse up_wait"; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		tool, _ := r.reg.Lookup("up_echo")
		if tool.Title != "Echo" || tool.Description != "Says it again" || !tool.Annotations.ReadOnlyHint || tool.Meta["k"] != "v" ||
			!strings.Contains(string(tool.InputSchema), "text") || !strings.Contains(string(tool.OutputSchema), "big") {
			t.Errorf("%+v", tool)
		}
		for name, want := range map[string]tasks.Switch{"up_echo": tasks.Yes, "up_ask": tasks.Yes, "up_fail": tasks.No, "up_grow": tasks.No} {
			if tool, _ := r.reg.Lookup(name); tool.Policy.Rerun != want {
				t.Errorf("%s: rerun %q, want %q", name, tool.Policy.Rerun, want)
			}
		}
		k := newTask()
		got, err := r.attempt(t.Context(), k, "up_echo", in{Text: "words"})
		want := `{"_meta":{"mine":"kept"},"content":[{"type":"text","text":"words","_meta":{"block":true}},` +
			`{"type":"resource_link","uri":"file:///x","name":"x"}],"structuredContent":{"echo":"words","big":42}}`
		if err != nil || !same(got, want) {
			t.Errorf("%s, %v", got, err)
		}
		if want := (tasks.Progress{Done: 1, Total: 4, Message: "a quarter"}); len(k.reports) != 1 || k.reports[0] != want {
			t.Errorf("progress %+v", k.reports)
		}
		if len(k.logs) != 1 || k.logs[0] != "WARN careful" {
			t.Errorf("log %q", k.logs)
		}
	})
}

// same compares JSON, numbers by their digits.
func same(a, b string) bool {
	normal := func(s string) string {
		var v any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if d.Decode(&v) != nil {
			return s
		}
		out, _ := json.Marshal(v)
		return string(out)
	}
	return normal(a) == normal(b)
}

func TestHowCallsFail(t *testing.T) {
	everyWay(t, upstream.Options{}, func(t *testing.T, r *rig) {
		if got, err := r.call("up_fail", in{}); err != nil || !strings.Contains(got, `"isError":true`) || !strings.Contains(got, "no such page") {
			t.Errorf("what the tool calls an error is a result: %s, %v", got, err)
		}
		_, err := r.call("up_refuse", in{})
		if err == nil || !isUpstream(err) || err.Error() != "upstream up: out of order (-32603)" {
			t.Error(err)
		}
	})
}

func TestQuestionsComeThrough(t *testing.T) {
	everyWay(t, upstream.Options{}, func(t *testing.T, r *rig) {
		parked, asked := errors.New("parked"), 0
		k := newTask()
		k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
			if asked++; asked == 1 {
				return nil, parked
			}
			return json.RawMessage(`{"action":"accept","content":{"name":"Ada"}}`), nil
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		first := k.ask
		k.ask = func(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
			answer, err := first(ctx, q)
			if errors.Is(err, parked) { // as the worker does it
				cancel(tasks.ErrParked)
				err = tasks.ErrParked
			}
			return answer, err
		}
		if got, err := r.attempt(ctx, k, "up_ask", in{}); !errors.Is(err, tasks.ErrParked) {
			t.Fatal(got, err)
		}
		got, err := r.attempt(t.Context(), k, "up_ask", in{})
		if err != nil || !strings.Contains(got, "accept Ada") {
			t.Error(got, err)
		}
		keys := k.keys()
		if len(keys) != 2 || keys[0] != keys[1] {
			t.Errorf("an attempt that starts over asks under another key: %q", keys)
		}
		if q := k.asked[0].Request; q.Method != "elicitation/create" || !strings.Contains(string(q.Params), "Who?") {
			t.Errorf("%s %s", q.Method, q.Params)
		}
		if got, err := r.attempt(t.Context(), newTask(), "up_ask", in{}); err != nil || !strings.Contains(got, "cancel") {
			t.Errorf("nobody can be asked: %s, %v", got, err)
		}
	})
}

func TestACancelledTaskCancelsTheCall(t *testing.T) {
	everyWay(t, upstream.Options{}, func(t *testing.T, r *rig) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := r.attempt(ctx, newTask(), "up_wait", in{Dir: dir})
			ended <- err
		}()
		await(t, "the tool", func() bool { return marks(dir, "began") == 1 })
		cancel(tasks.ErrCancelled)
		if err := <-ended; !errors.Is(err, tasks.ErrCancelled) {
			t.Error(err)
		}
		await(t, "the tool to hear of it", func() bool { return marks(dir, "cancelled") == 1 })
		if got, err := r.call("up_echo", in{Text: "next"}); err != nil || !strings.Contains(got, "next") {
			t.Error(got, err)
		}
	})
}

// What a server asks and tells is never another call's.
func TestCallsAtOnceAreKeptApart(t *testing.T) {
	everyWay(t, upstream.Options{}, func(t *testing.T, r *rig) {
		const calls = 8
		done := make(chan error, calls)
		for i := range calls {
			name := string(rune('a' + i))
			k := newTask()
			k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
				return json.RawMessage(`{"action":"accept","content":{"name":"` + name + `"}}`), nil
			}
			go func() {
				got, err := r.attempt(t.Context(), k, "up_ask", in{})
				if err == nil && !strings.Contains(got, "accept "+name+`"`) {
					err = errors.New(name + " got " + got)
				}
				done <- err
			}()
		}
		for range calls {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// A program of 2024-11-05 that prints what is no message, and dies of server/discover.
func TestAProgramOf20241105IsRelayed(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{}, program("old", "old"))
	if names := r.names(); !slices.Equal(names, []string{"old_ask"}) {
		t.Fatal(names)
	}
	k := newTask()
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		return json.RawMessage(`{"action":"accept","content":{"name":"Ada"}}`), nil
	}
	got, err := r.attempt(t.Context(), k, "old_ask", object{})
	if want := `{"content":[{"type":"text","text":"accept Ada"},{"type":"hologram","depth":3}],"structuredContent":{"big":9007199254740993}}`; err != nil || !same(got, want) {
		t.Error(got, err)
	}
}
