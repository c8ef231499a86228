package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// A tool that a server gets later is registered when the server tells of it, long before it would be asked again.
func TestANewToolIsRegisteredWhenItsServerTells(t *testing.T) {
	everyWay(t, upstream.Options{Refresh: time.Hour}, func(t *testing.T, r *rig) {
		changed := r.reg.Changed()
		if _, err := r.call("up_grow", in{}); err != nil {
			t.Fatal(err)
		}
		<-changed
		if got, err := r.call("up_grown", in{Text: "new"}); err != nil || !strings.Contains(got, "new") {
			t.Error(got, err)
		}
	})
}

// A program tells of its own list, also while a call of it lasts: no other one has what it has got.
func TestAListThatChangesDuringACall(t *testing.T) {
	everyWay(t, upstream.Options{Refresh: time.Hour}, func(t *testing.T, r *rig) {
		changed, dir, ended := r.reg.Changed(), t.TempDir(), make(chan error, 1)
		go func() {
			_, err := r.call("up_grow", in{Dir: dir})
			ended <- err
		}()
		<-changed
		mark(dir, "seen")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got, err := r.call("up_grown", in{Text: "new"}); err != nil || !strings.Contains(got, "new") {
			t.Error(got, err)
		}
	})
}

// listing serves whatever tools it is told to.
func listing(t *testing.T, mu *sync.Mutex, names *[]string) string {
	return newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list": func(q *query) {
			mu.Lock()
			defer mu.Unlock()
			list := []object{}
			for _, name := range *names {
				list = append(list, object{"name": name, "description": "of the server", "inputSchema": object{"type": "object"}, "outputSchema": object{"type": "object", "properties": 3}})
			}
			q.result(object{"tools": list})
		},
		"tools/call": func(q *query) { q.result(object{"content": []object{{"type": "text", "text": q.Params["name"]}}}) },
	}).url
}

// What a server lists that is no tool does not take the others along.
func TestWhatIsNoToolIsLeftOut(t *testing.T) {
	t.Parallel()
	url := newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list": func(q *query) {
			schema := object{"type": "object"}
			q.result(object{"tools": []any{5, object{"name": 5}, object{"name": "odd", "inputSchema": schema, "annotations": 5}, object{"name": "good", "inputSchema": schema}}})
		},
		"tools/call": func(q *query) { q.result(object{"content": []object{{"type": "text", "text": "done"}}}) },
	}).url
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	if got, err := r.call("up_good", in{}); err != nil || !strings.Contains(got, "done") {
		t.Error(got, err)
	}
}

func TestNamesOfTools(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	long := strings.Repeat("x", 62)
	one, two := []string{"read", "write", "write_all", "with space", long, "task_wait", "special"}, []string{"read", "search"}
	var log bytes.Buffer
	none := ""
	r := start(t, upstream.Options{Logger: slog.New(slog.NewTextHandler(&syncWriter{w: &log, mu: &mu}, nil)), Refresh: 50 * time.Millisecond},
		upstream.Server{
			Name: "a", URL: listing(t, &mu, &one), Prefix: &none, Deny: []string{"write_*"}, Policy: tasks.Policy{Timeout: time.Hour, Queue: "a"},
			Tools: map[string]upstream.Tool{
				"special": {Name: "renamed", Description: "ours", Policy: &tasks.Policy{Timeout: time.Minute, Rerun: tasks.Yes}}, "missing": {},
			},
		},
		upstream.Server{Name: "b", URL: listing(t, &mu, &two), Prefix: &none, Allow: []string{"r*"}},
		upstream.Server{Name: "c", URL: listing(t, &mu, &two)},
	)
	await(t, "all names", func() bool { return len(r.names()) == 6 })
	if got, want := strings.Join(r.names(), " "), "c_read c_search read renamed write "+long; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, err := r.call("renamed", object{}); err != nil || !strings.Contains(got, `"special"`) {
		t.Error(got, err)
	}
	tool, _ := r.reg.Lookup("renamed")
	other, _ := r.reg.Lookup("write")
	if tool.Description != "ours" || tool.Policy.Timeout != time.Minute || tool.Policy.Rerun != tasks.Yes || tool.OutputSchema != nil ||
		other.Policy.Timeout != time.Hour || other.Policy.Rerun != tasks.No {
		t.Errorf("%+v\n%+v", tool, other)
	}
	written := func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	await(t, "b to hear that a, which comes first, has taken a name", func() bool { return strings.Contains(written(), "upstream=b err=") })
	said := written()
	for _, words := range []string{
		`tool \"with space\" cannot be relayed`, `tool \"task_wait\" would be called task_wait, as a tool of this worker is`,
		`would be called read, as \"read\" of upstream`, `a tool \"missing\" that is not relayed`,
	} {
		if strings.Count(said, words) != 1 {
			t.Errorf("%q is said %d times in\n%s", words, strings.Count(said, words), said)
		}
	}

	mu.Lock()
	one = []string{"read"}
	mu.Unlock()
	await(t, "the list to be looked at", func() bool { _, err := r.call("write", object{}); return err != nil })
	if _, err := r.call("write", object{}); !permanent(err) || err.Error() != "upstream a: it does not offer write any more" {
		t.Error(err)
	}
}

// A pattern that matches nothing may be a slip that leaves open what was to be denied: it is told, for as long as it is so.
func TestAPatternThatMatchesNoToolIsTold(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	list := []string{"get-env", "echo"}
	var log bytes.Buffer
	r := start(t, upstream.Options{Logger: slog.New(slog.NewTextHandler(&syncWriter{w: &log, mu: &mu}, nil)), Refresh: 20 * time.Millisecond}, upstream.Server{
		Name: "v", URL: listing(t, &mu, &list), Allow: []string{"get*", "ech?", "none-such"}, Deny: []string{"get_env", "tipo*"}, Tools: map[string]upstream.Tool{"ehco": {}, "get-emv": {}},
	})
	want := []string{
		"allow: none-such matches no tool of v", "deny: get_env matches no tool of v: did you mean get-env?", "deny: tipo* matches no tool of v",
		`the configuration speaks of a tool "get-emv" that is not relayed: the server does not list it: did you mean get-env?`,
	}
	warnings := func() string { return r.hub.Health()[0].Warnings }
	if got := warnings(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	mu.Lock()
	list = append(list, "get_env", "tipo", "none-such", "get-emv")
	mu.Unlock()
	await(t, "nothing to tell any more", func() bool { return warnings() == "" })
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(log.String(), "deny: get_env matches no tool of v: did you mean get-env?"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

type syncWriter struct {
	w  *bytes.Buffer
	mu *sync.Mutex
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Headers are asked for each time, and are for nobody but the server.
func TestHeadersAreForTheServerAlone(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	sent := make(chan string, 100)
	other := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		t.Errorf("another host was told %q", q.r.Header.Get("Authorization"))
		q.fail(http.StatusTeapot, -32603, "")
	}})
	s := newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}, {"name": "away", "inputSchema": object{"type": "object"}}}})
		},
		"tools/call": func(q *query) {
			sent <- q.r.Header.Get("Authorization")
			if q.Params["name"] == "away" {
				http.Redirect(q.w, q.r, other.url, http.StatusTemporaryRedirect)
				return
			}
			q.result(object{"content": []object{}})
		},
	})
	fails := errors.New("the vault is sealed")
	var sealed atomic.Bool
	r := start(t, upstream.Options{Refresh: time.Hour}, upstream.Server{Name: "up", URL: s.url, Header: func(context.Context) (http.Header, error) {
		if sealed.Load() {
			return nil, fails
		}
		return http.Header{"Authorization": {"Bearer " + string(rune('a'+asked.Add(1)))}}, nil
	}})
	for range 2 {
		if _, err := r.call("up_t", object{}); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := <-sent, <-sent; first == second || !strings.HasPrefix(first, "Bearer ") {
		t.Errorf("%q, %q", first, second)
	}
	if _, err := r.call("up_away", object{}); err == nil || !strings.Contains(err.Error(), "another host") || strings.Contains(err.Error(), other.url) {
		t.Error(err)
	}
	sealed.Store(true)
	if _, err := r.call("up_t", object{}); err == nil || !strings.Contains(err.Error(), "upstream up: it cannot be reached: ") || !strings.Contains(err.Error(), fails.Error()) {
		t.Error(err)
	}
}

func TestWhatIsWrongWithServers(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]upstream.Server{
		`server "": name`: {URL: "http://x"},
		"say either":      {Name: "a"},
		"either by which": {Name: "a", URL: "http://x", Command: []string{"x"}},
		"url: use":        {Name: "a", URL: "ftp://x"},
		"dir and env":     {Name: "a", URL: "http://x", Dir: "/"},
		"headers are":     {Name: "a", Command: []string{"x"}, Header: func(context.Context) (http.Header, error) { return nil, nil }},
		"is no pattern":   {Name: "a", URL: "http://x", Deny: []string{"["}},
		"sessions is":     {Name: "a", URL: "http://x", Sessions: -1},
		"policy: timeout": {Name: "a", URL: "http://x", Policy: tasks.Policy{Timeout: -1}},
		"tool t: policy":  {Name: "a", URL: "http://x", Tools: map[string]upstream.Tool{"t": {Policy: &tasks.Policy{Attempts: -1}}}},
		"program's name":  {Name: "a", Command: []string{""}},
	} {
		want = strings.Replace(want, `server ""`, "server 1", 1)
		if _, err := upstream.New(upstream.Options{Servers: []upstream.Server{s}, Registry: new(tasks.Registry)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	twice := []upstream.Server{{Name: "a", URL: "http://x"}, {Name: "a", URL: "http://y"}}
	if _, err := upstream.New(upstream.Options{Servers: twice, Registry: new(tasks.Registry)}); err == nil || !strings.Contains(err.Error(), "another one has its name") {
		t.Error(err)
	}
}
