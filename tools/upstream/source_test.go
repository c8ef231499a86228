package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// source is what a server has beside its tools; nil: nothing.
func (r *rig) source(name string) *tasks.Source {
	for _, s := range r.reg.Sources() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *rig) ask(name, method, params string) (string, error) {
	r.t.Helper()
	got, err := r.source(name).Ask(r.t.Context(), method, json.RawMessage(params))
	return string(got), err
}

// refused is what a server said instead of a result.
func refused(err error) string {
	e, ok := errors.AsType[*tasks.Error](err)
	if !ok {
		return fmt.Sprint("not the server's word: ", err)
	}
	return fmt.Sprint(e.Code, " ", e.Message, " ", string(e.Data))
}

// Two servers have the same names and URIs, and are told apart.
func TestTwoServersWithTheSameNamesAreToldApart(t *testing.T) {
	everyLibrary(t, upstream.Options{}, func(t *testing.T, r *rig) {
		for name, scheme := range map[string]string{"one": "one+", "My_2": "my-2+"} {
			s := r.source(name)
			if s == nil {
				t.Fatalf("%s has nothing", name)
			}
			listed := fmt.Sprintf("%s %s %s %v", s.Resources, s.Templates, s.Prompts, s.Completes)
			for _, want := range []string{
				`"uri":"` + scheme + `repo://readme"`, `"name":"readme"`, `{"k":"v"}`, `"uriTemplate":"` + scheme + `repo://{id}/data"`, `"name":"` + name + `_review"`, "true",
			} {
				if !strings.Contains(listed, want) {
					t.Errorf("no %s in %s", want, listed)
				}
			}
			for _, q := range []struct{ method, params, want string }{
				{"resources/read", `{"uri":"` + scheme + `repo://readme"}`, name + " has repo://readme"},
				{"resources/read", `{"uri":"` + scheme + `repo://readme"}`, `"uri":"` + scheme + `repo://readme"`},
				{"resources/read", `{"uri":"` + scheme + `repo://7/data"}`, name + " has repo://7/data"},
				{"prompts/get", `{"name":"` + name + `_review","arguments":{"of":"all"}}`, `"review all"`},
				{"prompts/get", `{"name":"` + name + `_review","arguments":{"of":"all"}}`, `"uri":"` + scheme + `repo://readme"`},
				{"completion/complete", `{"ref":{"type":"ref/prompt","name":"` + name + `_review"},"argument":{"name":"of","value":"a"}}`, name + " review"},
				{"completion/complete", `{"ref":{"type":"ref/resource","uri":"` + scheme + `repo://{id}/data"},"argument":{"name":"id","value":"a"}}`, name + " repo://{id}/data"},
			} {
				got, err := r.ask(name, q.method, q.params)
				if err != nil || !strings.Contains(got, q.want) || strings.Contains(got, "serverInfo") {
					t.Errorf("%s %s: %s, %v", q.method, q.params, got, err)
				}
			}
			for params, want := range map[string][2]string{
				`{"uri":"` + scheme + `repo://none/data"}`:  {"resources/read", scheme + `repo://none/data"`},
				`{"name":"` + name + `_review"}`:            {"prompts/get", "nothing to review"},
				`{"uri":"other+repo://readme"}`:             {"resources/read", "-32602 uri does not begin with " + scheme},
				`{"name":"review"}`:                         {"prompts/get", "-32602 name does not begin with " + name + "_"},
				`{"ref":{"type":"ref/resource","uri":"x"}}`: {"completion/complete", "-32602 uri does not begin with"},
				`[]`: {"prompts/get", "-32602 params are not an object"},
				`{}`: {"tools/list", "-32601 "},
			} {
				if _, err := r.ask(name, want[0], params); !strings.Contains(refused(err), want[1]) {
					t.Errorf("%s %s: %v", want[0], params, refused(err))
				}
			}
		}
	})
}

// What a tool links to can be read under the URI that its client sees.
func TestLinksOfTools(t *testing.T) {
	everyLibrary(t, upstream.Options{}, func(t *testing.T, r *rig) {
		got, err := r.call("one_link", in{})
		if err != nil || strings.Count(got, `"uri":"one+repo://readme"`) != 2 || !strings.Contains(got, `"uri":"https://example.com/"`) {
			t.Error(got, err)
		}
	})
}

func TestListsOfResourcesAndPromptsThatChange(t *testing.T) {
	everyLibrary(t, upstream.Options{Refresh: time.Hour}, func(t *testing.T, r *rig) {
		for _, list := range []struct{ what, want string }{{"resource", `"uri":"one+repo://new"`}, {"prompt", `"name":"one_new"`}} {
			changed := r.reg.Changed()
			if _, err := r.call("one_grow", in{Text: list.what}); err != nil {
				t.Fatal(err)
			}
			<-changed
			if s := r.source("one"); !strings.Contains(fmt.Sprintf("%s %s", s.Resources, s.Prompts), list.want) {
				t.Errorf("%s %s", s.Resources, s.Prompts)
			}
		}
	})
}

func TestAResourceThatChanges(t *testing.T) {
	everyLibrary(t, upstream.Options{}, func(t *testing.T, r *rig) {
		s := r.source("one")
		if !s.Subscribes {
			t.Fatal("it has no subscriptions")
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		told, ended, enough := make(chan struct{}, 100), make(chan error, 1), errors.New("enough")
		go func() { ended <- s.Watch(ctx, "one+repo://readme", func() { told <- struct{}{} }) }()
		<-told // of what was before
		if _, err := r.call("one_write", in{}); err != nil {
			t.Fatal(err)
		}
		<-told
		cancel(enough)
		if err := <-ended; !errors.Is(err, enough) {
			t.Error(err)
		}
		if err := s.Watch(t.Context(), "other+repo://readme", nil); !strings.Contains(refused(err), "-32602") {
			t.Error(err)
		}
	})
}

// What is asked beside calls does not wait for them.
func TestAskingWhileCallsLast(t *testing.T) {
	everyLibrary(t, upstream.Options{}, func(t *testing.T, r *rig) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		const calls = 16 // as many as there may be
		for range calls {
			go func() { _, _ = r.attempt(ctx, newTask(), "one_wait", in{Dir: dir}); done <- struct{}{} }()
		}
		await(t, "the calls", func() bool { return marks(dir, "began") == calls })
		if got, err := r.ask("one", "resources/read", `{"uri":"one+repo://readme"}`); err != nil {
			t.Error(got, err)
		}
		cancel()
		for range calls {
			<-done
		}
	})
}

// What is read fast does not wait for what is read slowly, until so much is asked at once that the rest has to.
func TestFastReadsPassSlowOnes(t *testing.T) {
	const most = 32
	fastAmongSlow := func(t *testing.T, r *rig) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		left := make(chan error, most)
		slowly := func() {
			_, err := r.source("one").Ask(ctx, "resources/read", json.RawMessage(`{"uri":"one+slow://`+dir+`"}`))
			left <- err
		}
		for range most - 1 {
			go slowly()
		}
		await(t, "the slow ones to be read", func() bool { return marks(dir, "began") == most-1 })
		if got, err := r.ask("one", "resources/read", `{"uri":"one+repo://readme"}`); err != nil {
			t.Error(got, err)
		}
		go slowly()
		await(t, "one more", func() bool { return marks(dir, "began") == most })
		brief, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		defer stop()
		if got, err := r.source("one").Ask(brief, "resources/read", json.RawMessage(`{"uri":"one+repo://readme"}`)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("of more than may be asked at once: %s, %v", got, err)
		}
		cancel()
		for range most {
			if err := <-left; err == nil {
				t.Error("a slow one was read")
			}
		}
		if got, err := r.ask("one", "resources/read", `{"uri":"one+repo://readme"}`); err != nil {
			t.Error("afterwards:", got, err)
		}
	}
	everyLibrary(t, upstream.Options{}, fastAmongSlow)
	t.Run("stdio of 2024-11-05", func(t *testing.T) {
		t.Parallel()
		p := &watched{}
		r := start(t, upstream.Options{Start: p.start}, program("one", "old library"))
		fastAmongSlow(t, r)
		if p.started > 9 { // one that lists, four that were cut off, and who came after them
			t.Errorf("%d programs were started", p.started)
		}
	})
}

// listsPages serves a list of prompts in pages, and what else the test has.
func listsPages(t *testing.T, pages int, more map[string]func(*query)) string {
	on := map[string]func(*query){
		"server/discover": func(q *query) {
			q.result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": object{"prompts": object{}, "resources": object{}}})
		},
		"prompts/list": func(q *query) {
			page := 0
			_, _ = fmt.Sscan(fmt.Sprint(q.Params["cursor"]), &page)
			result := object{"prompts": []object{{"name": fmt.Sprint("p", page)}, {"title": "nameless"}}}
			if page+1 < pages {
				result["nextCursor"] = fmt.Sprint(page + 1)
			}
			q.result(result)
		},
	}
	for method, do := range more {
		on[method] = do
	}
	return newScript(t, on).url
}

// A server without tools, whose list has pages, and which declares resources that it does not have.
func TestPagesOfPrompts(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: listsPages(t, 3, nil)})
	s := r.source("up")
	if s == nil || fmt.Sprintf("%s", s.Prompts) != `[{"name":"up_p0"} {"name":"up_p1"} {"name":"up_p2"}]` || s.Resources != nil || s.Completes {
		t.Errorf("%+v", s)
	}
}

// A list that does not end is cut, and so is one that is too large.
func TestListsWithoutEnd(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 1<<20)
	url := listsPages(t, 1<<30, map[string]func(*query){"resources/list": func(q *query) {
		q.result(object{"resources": []object{{"uri": "x://" + large}, {"uri": "y://" + large}}, "nextCursor": "on"})
	}})
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	var s *tasks.Source
	await(t, "its lists", func() bool { s = r.source("up"); return s != nil })
	if len(s.Prompts) != 1000 || len(s.Resources) == 0 || len(s.Resources) > 3 {
		t.Fatalf("%d prompts, %d resources", len(s.Prompts), len(s.Resources))
	}
}

func TestWhatIsNotMirrored(t *testing.T) {
	t.Parallel()
	none := ""
	r := start(t, upstream.Options{},
		upstream.Server{Name: "tools", URL: serveLibrary(t, "tools", false), NoResources: true, NoPrompts: true},
		upstream.Server{Name: "prompts", URL: serveLibrary(t, "prompts", false), NoResources: true},
		upstream.Server{Name: "plain", URL: serveLibrary(t, "plain", false), Prefix: &none},
	)
	if s := r.source("tools"); s != nil {
		t.Errorf("%+v", s)
	}
	if got, err := r.call("tools_link", in{}); err != nil || !strings.Contains(got, `"uri":"repo://readme"`) {
		t.Errorf("a link of a server whose resources are left out: %s, %v", got, err)
	}
	if s := r.source("prompts"); s == nil || s.Resources != nil || s.Templates != nil || len(s.Prompts) != 1 {
		t.Errorf("%+v", s)
	}
	s := r.source("plain")
	if got := fmt.Sprintf("%s %s %s", s.Resources, s.Templates, s.Prompts); !strings.Contains(got, `"uri":"repo://readme"`) || !strings.Contains(got, `"name":"review"`) || s.URIPrefix != "" {
		t.Error(got)
	}
	if got, err := r.ask("plain", "resources/read", `{"uri":"repo://readme"}`); err != nil || !strings.Contains(got, `"uri":"repo://readme"`) {
		t.Error(got, err)
	}
}

// A question instead of a prompt comes through as it is, and may be one that whoever asks can answer.
func TestAPromptThatAsks(t *testing.T) {
	t.Parallel()
	url := listsPages(t, 1, map[string]func(*query){"prompts/get": func(q *query) {
		meta, _ := q.Params["_meta"].(object)
		if q.Params["inputResponses"] != nil {
			q.result(object{"resultType": "complete", "messages": []object{}, "description": fmt.Sprint(q.Params["requestState"], meta["traceparent"], meta["progressToken"] == nil)})
			return
		}
		caps, _ := json.Marshal(meta["io.modelcontextprotocol/clientCapabilities"])
		q.result(object{"resultType": "input_required", "requestState": "s", "inputRequests": object{"who": object{
			"method": "elicitation/create", "params": object{"message": string(caps) + q.r.Header.Get("Mcp-Name")},
		}}})
	}})
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	meta := `"_meta":{"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"progressToken":1,"traceparent":"00"}`
	got, err := r.ask("up", "prompts/get", `{"name":"up_p0",`+meta+`}`)
	if err != nil || !strings.Contains(got, `"resultType":"input_required"`) || !strings.Contains(got, `elicitation\":{\"form\":{}}`) || strings.Contains(got, "sampling") || !strings.Contains(got, `}p0"`) {
		t.Error(got, err)
	}
	got, err = r.ask("up", "prompts/get", `{"name":"up_p0","requestState":"s","inputResponses":{"who":{"action":"accept"}},`+meta+`}`)
	if err != nil || !strings.Contains(got, `"description":"s00true"`) {
		t.Error(got, err)
	}
}

// What has another shape than MCP's is not passed on, and more values than a completion may have are cut.
func TestTheShapeOfAnswers(t *testing.T) {
	t.Parallel()
	answer := make(chan any, 1)
	say := func(q *query) { q.result(<-answer) }
	url := listsPages(t, 1, map[string]func(*query){"resources/read": say, "prompts/get": say, "completion/complete": say})
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	params := map[string]string{
		"resources/read": `{"uri":"up+x://y"}`, "prompts/get": `{"name":"up_p0"}`,
		"completion/complete": `{"ref":{"type":"ref/prompt","name":"up_p0"},"argument":{"name":"a","value":""}}`,
	}
	many := make([]string, 150)
	for i := range many {
		many[i] = fmt.Sprint("v", i)
	}
	const (
		whole   = "it must be an object, not a"
		objects = "contents must be an array of objects"
		either  = "contents[1] must have either text or blob, a string"
		turns   = "messages must be an array of objects"
		values  = "completion.values must be an array of strings"
	)
	fine := object{"uri": "x://y", "text": ""}
	for _, c := range []struct {
		method string
		answer any
		want   string // in the error; empty: it is passed on
	}{
		{"resources/read", object{"contents": []object{fine, {"uri": "x://z", "blob": "AA=="}}}, ""},
		{"resources/read", object{"contents": []object{}}, ""},
		{"resources/read", "text", whole}, {"resources/read", []object{fine}, whole}, {"resources/read", object{}, objects},
		{"resources/read", object{"contents": "x"}, objects}, {"resources/read", object{"contents": fine}, objects}, {"resources/read", object{"contents": []int{1}}, objects},
		{"resources/read", object{"contents": nil}, objects}, {"resources/read", object{"Contents": []object{}}, objects},
		{"resources/read", object{"contents": []object{fine, {"text": ""}}}, "contents[1].uri must be a string"},
		{"resources/read", object{"contents": []object{fine, {"uri": "x", "text": "", "blob": ""}}}, either},
		{"resources/read", object{"contents": []object{fine, {"uri": "x"}}}, either},
		{"resources/read", object{"contents": []object{fine, {"uri": "x", "text": 1}}}, either},
		{"resources/read", object{"contents": []object{fine, {"uri": "x", "text": "", "blob": 1}}}, either},
		{"prompts/get", object{"messages": []object{{"role": "user", "content": object{"type": "text", "text": "x"}}}}, ""},
		{"prompts/get", 7, whole}, {"prompts/get", object{}, turns}, {"prompts/get", object{"messages": object{}}, turns},
		{"prompts/get", object{"messages": []object{{"content": object{"type": "text"}}}}, "messages[0].role must be user or assistant"},
		{"prompts/get", object{"messages": []object{{"role": "user", "content": "x"}}}, "messages[0].content must be an object with a type"},
		{"prompts/get", object{"messages": []object{{"role": "user"}}}, "messages[0].content must be an object with a type"},
		{"completion/complete", object{"completion": object{"values": many[:100], "total": 100}}, ""},
		{"completion/complete", object{"completion": object{"values": nil}}, values}, {"completion/complete", object{}, values},
		{"completion/complete", object{"completion": object{"values": []int{1}}}, values}, {"completion/complete", object{"completion": []string{"x"}}, values},
	} {
		answer <- c.answer
		got, err := r.ask("up", c.method, params[c.method])
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s %v: %v", c.method, c.answer, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "upstream up: its answer to "+c.method) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s %v: %s %v, want %s", c.method, c.answer, got, err, c.want)
		}
	}
	answer <- object{"completion": object{"values": many, "total": 1000}, "_meta": object{"a": 1}}
	got, err := r.ask("up", "completion/complete", params["completion/complete"])
	var o struct {
		Completion struct {
			Values  []string
			Total   int
			HasMore bool
		}
		Meta object `json:"_meta"`
	}
	if err != nil || json.Unmarshal([]byte(got), &o) != nil || len(o.Completion.Values) != 100 || o.Completion.Values[99] != "v99" || o.Completion.Total != 1000 || !o.Completion.HasMore || o.Meta["a"] == nil {
		t.Error(got, err)
	}
}

func TestAnOldServersResources(t *testing.T) {
	t.Parallel()
	url := newScript(t, map[string]func(*query){
		"initialize": func(q *query) {
			q.result(object{"protocolVersion": "2024-11-05", "serverInfo": object{"name": "old", "version": "1"}, "capabilities": object{"resources": object{}}})
		},
		"tools/list":     func(q *query) { q.result(object{"tools": []object{}}) },
		"resources/list": func(q *query) { q.result(object{"resources": []object{{"uri": "old://x", "name": "x"}}}) },
		"resources/read": func(q *query) { q.fail(http.StatusOK, -32002, "no "+fmt.Sprint(q.Params["uri"])) },
	}).url
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	if _, err := r.ask("up", "resources/read", `{"uri":"up+old://x"}`); refused(err) != "-32002 no old://x " {
		t.Error(refused(err))
	}
}

// While a server is away its lists stay, and what is asked fails with words.
func TestAskingAServerThatIsDown(t *testing.T) {
	t.Parallel()
	down := make(chan struct{})
	url := listsPages(t, 1, map[string]func(*query){"prompts/get": func(q *query) {
		select {
		case <-down:
			panic(http.ErrAbortHandler)
		default:
			q.result(object{"messages": []object{}})
		}
	}})
	r := start(t, upstream.Options{Refresh: time.Hour}, upstream.Server{Name: "up", URL: url})
	if _, err := r.ask("up", "prompts/get", `{"name":"up_p0"}`); err != nil {
		t.Fatal(err)
	}
	close(down)
	_, err := r.ask("up", "prompts/get", `{"name":"up_p0"}`)
	if err == nil || !isUpstream(err) || !strings.HasPrefix(err.Error(), "upstream up: ") || strings.Contains(err.Error(), url) {
		t.Error(err)
	}
	if len(r.source("up").Prompts) != 1 {
		t.Error("its prompts are gone")
	}
}

// The tools of a server are relayed though it cannot list its prompts, which are listed when it can.
func TestPromptsThatCannotBeListed(t *testing.T) {
	t.Parallel()
	broken := make(chan struct{})
	url := newScript(t, map[string]func(*query){
		"server/discover": func(q *query) {
			q.result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": object{"prompts": object{}}})
		},
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}}})
		},
		"prompts/list": func(q *query) {
			select {
			case <-broken:
				q.result(object{"prompts": []object{{"name": "p"}}})
			default:
				q.fail(http.StatusOK, -32000, "out of order")
			}
		},
	}).url
	r := start(t, upstream.Options{Refresh: time.Hour}, upstream.Server{Name: "up", URL: url})
	if len(r.names()) != 1 || r.source("up") != nil {
		t.Error(r.names())
	}
	close(broken)
	await(t, "the prompts", func() bool { return r.source("up") != nil })
}

func TestServersWhoseURIsWouldBeginAlike(t *testing.T) {
	t.Parallel()
	none := ""
	for _, prefix := range []*string{nil, &none} {
		servers := []upstream.Server{{Name: "a-b", URL: "http://x"}, {Name: "A_b", URL: "http://y", Prefix: prefix}}
		_, err := upstream.New(upstream.Options{Servers: servers, Registry: new(tasks.Registry)})
		if wrong := err != nil && strings.Contains(err.Error(), "begin with a-b+, as those of a-b do"); wrong != (prefix == nil) {
			t.Error(err)
		}
	}
}
