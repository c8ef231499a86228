package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
	"github.com/longhaul-mcp/longhaul/worker"
)

// mirrored is a front end with a real worker that has sources.
type mirrored struct {
	*front
	registry *tasks.Registry
	opts     *redis.UniversalOptions
}

func mirroring(t *testing.T, sources ...tasks.Source) *mirrored {
	t.Helper()
	opts := redistest.Options(t)
	m := &mirrored{startOn(t, opts, func(o *server.Options) { o.Ping = 10 * time.Millisecond }), new(tasks.Registry), opts}
	m.registry.Expect(tasks.Policy{})
	m.work(m.registry)
	for _, s := range sources {
		m.put(s)
		m.await(s.Name)
	}
	return m
}

// work runs a worker; stop is its SIGTERM, and waits for its end.
func (f *mirrored) work(reg *tasks.Registry) (stop func()) {
	f.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	out := keeper.NewDispatcher(f.store, queue.New(f.rdb), log)
	w := worker.New(worker.Options{
		Registry: reg, Store: f.store, Watcher: f.watcher, Queue: queue.NewServer(redis.NewUniversalClient(f.opts)), Dispatcher: out, Name: "w", Logger: log,
	}, prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	stop = func() { cancel(); <-done; out.Wait() }
	f.t.Cleanup(stop)
	return stop
}

// put gives the worker a source that echoes what it is asked, unless it says otherwise.
func (f *mirrored) put(s tasks.Source) {
	f.t.Helper()
	if s.Ask == nil {
		s.Ask = func(_ context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
			return json.Marshal(obj{"source": s.Name, "method": method, "params": params})
		}
	}
	if err := f.registry.PutSource(s); err != nil {
		f.t.Fatal(err)
	}
}

// await waits until a source is asked: its lists are there then.
func (f *mirrored) await(source string) {
	f.t.Helper()
	eventually(f.t, source+" is asked", func() bool {
		n, err := f.rdb.ZCard(f.t.Context(), "lh:{src:"+source+"}:on").Result()
		return err == nil && n > 0 && f.Mirrors(source)
	})
}

func list(texts ...string) (raws []json.RawMessage) {
	for _, s := range texts {
		raws = append(raws, raw(s))
	}
	return raws
}

var github = tasks.Source{
	Name: "github", URIPrefix: "github+", Completes: true,
	Resources: list(`{"uri":"github+repo://b","name":"b"}`, `{"uri":"github+repo://a","name":"a","icons":[],"size":7}`),
	Templates: list(`{"uriTemplate":"github+repo://{name}/{path}","name":"file"}`),
	Prompts:   list(`{"name":"github_review","arguments":[{"name":"language"}]}`),
}

// everyVersion: "" is for a client that does not say.
var everyVersion = []string{"", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", wire.V20260728}

func of(version, method string, params obj) *draft {
	if version == wire.V20260728 {
		return modern(method, params)
	}
	d := earlier(version)
	d.body = legacy(method, params).body
	return d
}

func TestMirroredListsInEveryRevision(t *testing.T) {
	t.Parallel()
	f := mirroring(t, github)
	for _, version := range everyVersion {
		for method, c := range map[string]struct {
			member string
			want   []any
		}{
			"resources/list": {"resources", []any{
				obj{"uri": "github+repo://a", "name": "a", "icons": []any{}, "size": 7.0}, obj{"uri": "github+repo://b", "name": "b"},
			}},
			"prompts/list": {"prompts", []any{obj{"name": "github_review", "arguments": []any{obj{"name": "language"}}}}},
		} {
			m, _ := f.ask(of(version, method, nil))
			want := obj{c.member: c.want}
			if version == wire.V20260728 {
				want["resultType"], want["ttlMs"], want["cacheScope"] = "complete", 0.0, "private"
				want["_meta"] = obj{wire.MetaServerInfo: obj{"name": "longhaul", "version": "1.2.3"}}
			}
			if diff := cmp.Diff(want, m.Result); diff != "" {
				t.Errorf("%s %s: %s %+v", version, method, diff, m.Error)
			}
		}
		m, _ := f.ask(of(version, "resources/templates/list", nil))
		if got, _ := m.Result["resourceTemplates"].([]any); len(got) != 3 || got[0].(obj)["uriTemplate"] != "github+repo://{name}/{path}" {
			t.Errorf("%s: %+v", version, m)
		}
	}
}

func TestMirroredRequestsInEveryRevision(t *testing.T) {
	t.Parallel()
	f := mirroring(t, github)
	for _, version := range everyVersion {
		for method, params := range map[string]obj{
			"resources/read":      {"uri": "github+repo://never/listed"},
			"prompts/get":         {"name": "github_review", "arguments": obj{"language": "go"}},
			"completion/complete": {"ref": obj{"type": "ref/prompt", "name": "github_review"}, "argument": obj{"name": "language", "value": "g"}},
		} {
			m, r := f.ask(of(version, method, params))
			got, _ := m.Result["params"].(obj)
			meta := got["_meta"]
			delete(got, "_meta")
			if diff := cmp.Diff(params, got); diff != "" || m.Result["source"] != "github" || m.Result["method"] != method {
				t.Errorf("%s %s: %d %+v %s", version, method, r.status, m, diff)
			}
			modern := version == wire.V20260728
			if (meta != nil) != modern || (m.Result["resultType"] == "complete") != modern || (m.Result["cacheScope"] == "private") != (modern && method == "resources/read") {
				t.Errorf("%s %s: %+v", version, method, m.Result)
			}
		}
	}
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	many := tasks.Source{Name: "many"}
	for i := range 250 {
		many.Prompts = append(many.Prompts, raw(fmt.Sprintf(`{"name":"p%03d"}`, i)))
		many.Resources = append(many.Resources, raw(fmt.Sprintf(`{"uri":"x://%03d"}`, i)))
	}
	f := mirroring(t, many)
	for method, member := range map[string]string{"prompts/list": "prompts", "resources/list": "resources"} {
		var sizes []int
		params := obj{}
		for {
			m, _ := f.ask(modern(method, params))
			page, _ := m.Result[member].([]any)
			sizes = append(sizes, len(page))
			if m.Result["nextCursor"] == nil {
				break
			}
			params["cursor"] = m.Result["nextCursor"]
		}
		if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

// Which source is asked for a URI.
func TestTheSourceOfAURI(t *testing.T) {
	t.Parallel()
	f := mirroring(t,
		tasks.Source{Name: "none", Completes: true},
		tasks.Source{Name: "a", Resources: list(`{"uri":"file:///same"}`)},
		tasks.Source{Name: "b", Resources: list(`{"uri":"file:///same"}`, `{"uri":"file:///b"}`, `{"uri":"longhaul://tasks/x"}`), Templates: list(`{"uriTemplate":"db://{table}/rows/{row}"}`)},
		tasks.Source{Name: "g", URIPrefix: "g+"},
		tasks.Source{Name: "gg", URIPrefix: "g+g+"},
	)
	for uri, want := range map[string]string{
		"g+file:///same": "g", "g+g+x": "gg", "file:///same": "a", "file:///b": "b", "db://t/rows/7": "b", "db://t/columns/7": "a", "x://y": "a",
	} {
		if m, _ := f.ask(modern("resources/read", obj{"uri": uri})); m.Result["source"] != want {
			t.Errorf("%s: %+v, want %s", uri, m, want)
		}
	}
	if m, _ := f.ask(modern("resources/list", nil)); len(m.Result["resources"].([]any)) != 2 {
		t.Errorf("got %+v", m.Result)
	}
	if m, _ := f.ask(modern("completion/complete", obj{"ref": obj{"type": "ref/resource", "uri": "db://{table}/rows/{row}"}, "argument": obj{"name": "row", "value": ""}})); m.Result["completion"] == nil {
		t.Errorf("what completes nothing: %+v", m)
	}
}

func TestWhatNoSourceHas(t *testing.T) {
	t.Parallel()
	f := mirroring(t, github)
	for method, params := range map[string]obj{
		"resources/read":      {"uri": "file:///x"},
		"prompts/get":         {"name": "other"},
		"completion/complete": {"ref": obj{"type": "ref/prompt", "name": "other"}, "argument": obj{"name": "x", "value": ""}},
	} {
		if m, r := f.ask(modern(method, params)); m.code() != wire.CodeInvalidParams || r.status != 400 {
			t.Errorf("%s: %d %+v", method, r.status, m)
		}
		want := wire.CodeInvalidParams
		if method == "resources/read" {
			want = wire.CodeNoResource
		}
		if m, r := f.ask(legacy(method, params)); m.code() != want || r.status != 200 {
			t.Errorf("%s: %d %+v", method, r.status, m)
		}
	}
	long := strings.Repeat("x", 2049)
	if m, r := f.ask(modern("resources/read", obj{"uri": "github+" + long}, func(d *draft) { d.header.Set(wire.HeaderName, "github+"+long) })); m.code() != wire.CodeInvalidParams || r.status != 400 || m.Result != nil {
		t.Errorf("a long URI: %d %+v", r.status, m)
	}
	for _, params := range []obj{{}, {"ref": obj{"type": "ref/other"}}, {"ref": 1}, {"ref": obj{"type": "ref/resource"}}, {"ref": obj{"type": "ref/resource", "uri": "github+" + long}}} {
		if m, _ := f.ask(modern("completion/complete", params)); m.code() != wire.CodeInvalidParams {
			t.Errorf("%v: %+v", params, m)
		}
	}
}

// answering is a source of one prompt and any resource.
func answering(result string, err error) tasks.Source {
	return tasks.Source{Name: "s", Prompts: list(`{"name":"p"}`), Resources: list(`{"uri":"x://y"}`), Ask: func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
		return raw(result), err
	}}
}

func TestASourcesErrors(t *testing.T) {
	t.Parallel()
	f := mirroring(t, answering("", nil))
	for _, c := range []struct {
		name           string
		source         tasks.Source
		modern, legacy int
		status         int
		words          string
	}{
		{"its own", answering("", &tasks.Error{Code: 7, Message: "seven", Data: raw(`{"a":1}`)}), 7, 7, 200, "seven"},
		{"not found, by an older one", answering("", &tasks.Error{Code: -32002, Message: "none"}), -32602, -32002, 400, "none"},
		{"any", answering("", errors.New("broken")), -32603, -32603, 200, "broken"},
		{"no result", answering(`[]`, nil), -32603, -32603, 200, "source s: its result is not one of MCP's"},
		{"shutting down", answering("", &tasks.Error{Code: wire.CodeUnavailable, Message: "later"}), wire.CodeUnavailable, wire.CodeUnavailable, 200, "later"},
	} {
		f.put(c.source)
		m, r := f.ask(modern("resources/read", obj{"uri": "x://y"}))
		if m.code() != c.modern || r.status != c.status || m.Error.Message != c.words {
			t.Errorf("%s: %d %+v", c.name, r.status, m)
		}
		if m.code() == 7 && m.Error.Data["a"] != 1.0 {
			t.Errorf("%s: the data is %v", c.name, m.Error.Data)
		}
		if m, r = f.ask(legacy("resources/read", obj{"uri": "x://y"})); m.code() != c.legacy || r.status != 200 {
			t.Errorf("%s: %d %+v", c.name, r.status, m)
		}
	}
}

func TestASourceWhoseWorkersAreGone(t *testing.T) {
	t.Parallel()
	f := mirroring(t)
	reg := new(tasks.Registry)
	reg.Expect(tasks.Policy{})
	f.registry = reg
	f.put(github)
	stop := f.work(reg)
	f.await("github")
	stop()
	for _, d := range []*draft{modern("prompts/get", obj{"name": "github_review"}), legacy("prompts/get", obj{"name": "github_review"})} {
		if m, r := f.ask(d); m.code() != wire.CodeUnavailable || r.status != 200 || !strings.Contains(m.Error.Message, "source github: no worker") || m.Error.Data["retryAfterMs"] == nil {
			t.Errorf("%d %+v", r.status, m)
		}
	}
	if m, _ := f.ask(modern("prompts/list", nil)); len(m.Result["prompts"].([]any)) != 1 {
		t.Errorf("not listed any more: %+v", m)
	}
}

// What another server asks a client of 2026-07-28 goes through, and so do the answers.
func TestASourceAsksFirst(t *testing.T) {
	t.Parallel()
	source := answering("", nil)
	source.Ask = func(_ context.Context, _ string, params json.RawMessage) (json.RawMessage, error) {
		var p struct {
			State     string         `json:"requestState"`
			Responses map[string]any `json:"inputResponses"`
		}
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, err
		}
		if p.State == "" {
			return raw(`{"resultType":"input_required","requestState":"s1","inputRequests":{"name":{"method":"elicitation/create","params":{"message":"?"}}}}`), nil
		}
		return json.Marshal(obj{"state": p.State, "responses": p.Responses, "ttlMs": 5000, "cacheScope": "public", "resultType": "complete"})
	}
	f := mirroring(t, source)
	for method, params := range map[string]obj{"prompts/get": {"name": "p"}, "resources/read": {"uri": "x://y"}} {
		m, _ := f.ask(modern(method, params))
		if m.Result["resultType"] != "input_required" || m.Result["requestState"] != "s1" || m.Result["inputRequests"].(obj)["name"] == nil || m.Result["ttlMs"] != nil {
			t.Fatalf("%s: %+v", method, m)
		}
		if m, r := f.ask(modern(method, params, withMeta(wire.MetaCapabilities, obj{}))); m.code() != wire.CodeMissingCapability || r.status != 400 {
			t.Errorf("%s: who cannot answer got %d %+v", method, r.status, m)
		}
		if m, _ := f.ask(legacy(method, params)); m.code() != wire.CodeInternal || !strings.Contains(m.Error.Message, "asks for input first") {
			t.Errorf("%s: %+v", method, m)
		}
		params["requestState"], params["inputResponses"] = "s1", obj{"name": accept("x")}
		m, _ = f.ask(modern(method, params))
		if m.Result["state"] != "s1" || m.Result["responses"].(obj)["name"] == nil || m.Result["resultType"] != "complete" || m.Result["cacheScope"] == "public" || method == "resources/read" && m.Result["ttlMs"] != 5000.0 {
			t.Errorf("%s: %+v", method, m)
		}
		if m, _ := f.ask(legacy(method, params)); m.Result["state"] != "s1" || m.Result["ttlMs"] != nil || m.Result["resultType"] != nil {
			t.Errorf("%s: %+v", method, m)
		}
	}
}

func TestWhoLeavesIsNotAskedFor(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	source := answering("", nil)
	source.Ask = func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}
	f := mirroring(t, source)
	ctx, leave := context.WithCancel(f.soon())
	go func() {
		<-begun
		leave()
	}()
	if _, err := f.try(ctx, modern("prompts/get", obj{"name": "p"})); err == nil {
		t.Error("it was answered")
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the source is asked on")
	}
}

func TestListsThatChangeAreTold(t *testing.T) {
	t.Parallel()
	f := mirroring(t, github)
	all, ack := f.listen(obj{"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true})
	if want := (obj{"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true}); !cmp.Equal(want, ack["notifications"]) {
		t.Errorf("granted %v", ack["notifications"])
	}
	prompts, _ := f.listen(obj{"promptsListChanged": true})
	x := f.initialize("2025-06-18", obj{})
	stream := f.attend(x)
	expect := func(r *response, list string, subscribed bool) {
		t.Helper()
		if m := r.next(); m.Method != "notifications/"+list+"/list_changed" || (subscriptionID(m.Params) != nil) != subscribed {
			t.Errorf("got %+v, want %s", m, list)
		}
	}
	other := github
	other.Resources = other.Resources[1:]
	f.put(other)
	expect(all, "resources", true)
	expect(stream, "resources", false)
	prompts.quiet()
	other.Prompts = append(list(`{"name":"more"}`), other.Prompts...)
	f.put(other)
	expect(all, "prompts", true)
	expect(prompts, "prompts", true)
	expect(stream, "prompts", false)
	f.registry.DropSource("github")
	for _, r := range []*response{all, stream} {
		expect(r, "resources", r == all)
		expect(r, "prompts", r == all)
	}
	expect(prompts, "prompts", true)
	if m, _ := f.ask(modern("prompts/list", nil)); len(m.Result["prompts"].([]any)) != 0 {
		t.Errorf("got %+v", m)
	}
}

// watched is a source whose resources change when the test says so. It tells which are watched.
func watched(name, prefix string) (source tasks.Source, watching <-chan string, change func(uri string)) {
	begun := make(chan string, 100)
	var mu sync.Mutex
	told := make(map[string]func())
	source = tasks.Source{Name: name, URIPrefix: prefix, Subscribes: true, Watch: func(ctx context.Context, uri string, changed func()) error {
		mu.Lock()
		told[uri] = changed
		mu.Unlock()
		begun <- uri
		<-ctx.Done()
		begun <- "ended " + uri
		return nil
	}}
	return source, begun, func(uri string) {
		mu.Lock()
		defer mu.Unlock()
		told[uri]()
	}
}

func (r *response) nextUpdated(uri string, subscription any) {
	r.t.Helper()
	if m := r.next(); m.Method != "notifications/resources/updated" || m.Params["uri"] != uri || subscriptionID(m.Params) != subscription {
		r.t.Fatalf("got %+v, want %s", m, uri)
	}
}

func TestASubscriptionHearsOfResources(t *testing.T) {
	t.Parallel()
	source, watching, change := watched("w", "w+")
	f := mirroring(t, github, source)
	both, ack := f.listen(obj{"resourceSubscriptions": []string{"w+x", "github+repo://a", "w+y", "w+x", "nowhere:"}})
	if diff := cmp.Diff(obj{"resourceSubscriptions": []any{"w+x", "w+y"}}, ack["notifications"]); diff != "" {
		t.Error(diff)
	}
	one, _ := f.listen(obj{"resourceSubscriptions": []string{"w+y"}})
	if got := []string{<-watching, <-watching}; got[0] == got[1] {
		t.Errorf("watched: %v", got)
	}
	change("w+x")
	both.nextUpdated("w+x", 1.0)
	change("w+y")
	both.nextUpdated("w+y", 1.0)
	one.nextUpdated("w+y", 1.0) // and nothing before it
	for _, uris := range [][]string{make([]string, 101), {strings.Repeat("x", 2049)}} {
		if m, _ := f.ask(modern("subscriptions/listen", obj{"notifications": obj{"resourceSubscriptions": uris}})); m.code() != wire.CodeInvalidParams {
			t.Errorf("%d URIs: %+v", len(uris), m)
		}
	}
}

func TestASessionSubscribesAtAnyReplica(t *testing.T) {
	t.Parallel()
	source, watching, change := watched("w", "w+")
	f := mirroring(t, github, source)
	other := replica(t, f.rdb, f.store, func(o *server.Options) { o.Ping = 10 * time.Millisecond })
	m, _ := f.ask(hello("2025-06-18", obj{}))
	if resources, _ := m.Result["capabilities"].(obj)["resources"].(obj); resources["subscribe"] != true {
		t.Errorf("not advertised: %+v", m.Result)
	}
	x, quiet := f.initialize("2025-11-25", obj{}), f.initialize("2025-11-25", obj{})
	stream, silent := f.attend(x), f.attend(quiet)
	eventually(t, "the other replica knows the source", func() bool { return other.Mirrors("w") })
	accepted := func(method, uri string) {
		t.Helper()
		if m, _ := other.ask(x.request(method, obj{"uri": uri})); m.Error != nil || len(m.Result) != 0 {
			t.Errorf("%s: %+v", method, m)
		}
	}
	accepted("resources/subscribe", "w+x")
	if got := <-watching; got != "w+x" {
		t.Errorf("watched: %s", got)
	}
	change("w+x")
	stream.nextUpdated("w+x", nil)
	accepted("resources/subscribe", "w+y")
	if got := <-watching; got != "w+y" {
		t.Errorf("watched: %s", got)
	}
	accepted("resources/unsubscribe", "w+x")
	eventually(t, "the session's stream knows", func() bool {
		change("w+x")
		change("w+y")
		first := stream.next().Params["uri"]
		if first == "w+x" {
			stream.nextUpdated("w+y", nil)
		}
		return first == "w+y"
	})
	silent.quiet()
	for uri, code := range map[string]int{"github+repo://a": wire.CodeInvalidParams, "nowhere:": wire.CodeNoResource, strings.Repeat("x", 2049): wire.CodeInvalidParams} {
		if m, _ := f.ask(x.request("resources/subscribe", obj{"uri": uri})); m.code() != code {
			t.Errorf("%.20s: %+v", uri, m)
		}
	}
	if m, r := f.ask(legacy("resources/subscribe", obj{"uri": "w+x"})); r.status != 400 {
		t.Errorf("without a session: %d %+v", r.status, m)
	}
}
