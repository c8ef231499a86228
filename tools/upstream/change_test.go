package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

func (r *rig) change(servers ...upstream.Server) {
	r.t.Helper()
	if err := r.hub.Change(servers); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) mustBe(names string) {
	r.t.Helper()
	if got := strings.Join(r.names(), " "); got != names {
		r.t.Errorf("registered are %q, want %q", got, names)
	}
}

// A server that is gone takes its tools along at once, and its program when the calls that run have ended.
func TestAServerThatIsGone(t *testing.T) {
	t.Parallel()
	for _, flavour := range []string{"sdk", "old"} {
		t.Run(flavour, func(t *testing.T) {
			t.Parallel()
			p := &watched{}
			r := start(t, upstream.Options{Start: p.start}, program("up", flavour))
			asked, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			k := newTask()
			k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
				close(asked)
				<-release
				return []byte(`{"action":"accept","content":{"name":"Ada"}}`), nil
			}
			go func() {
				_, err := r.attempt(t.Context(), k, "up_ask", in{})
				ended <- err
			}()
			<-asked
			r.change()
			r.mustBe("")
			if len(r.hub.Health()) != 0 || p.running() == 0 {
				t.Errorf("%+v, %d programs", r.hub.Health(), p.running())
			}
			close(release)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			await(t, "the program to end", func() bool { return p.running() == 0 })
		})
	}
}

// A call that a worker began just before its server was gone is made all the same.
func TestACallBegunBeforeItsServerWentIsMade(t *testing.T) {
	t.Parallel()
	p := &watched{}
	r := start(t, upstream.Options{Start: p.start}, program("up", "sdk"))
	late, _ := r.reg.Lookup("up_echo")
	r.change()
	await(t, "the program to end", func() bool { return p.running() == 0 })
	if _, err := late.Handle(t.Context(), tasks.NewAttempt(tasks.NewID(0), 1, newTask(), nil), []byte(`{"text":"late"}`)); err != nil {
		t.Error(err)
	}
	await(t, "its program to end", func() bool { return p.running() == 0 })
}

// A server whose version is the same keeps its program, whatever becomes of the others.
func TestAServerOfTheSameVersionKeepsItsProgram(t *testing.T) {
	t.Parallel()
	p := &watched{}
	server := program("up", "sdk")
	server.Version = "1"
	r := start(t, upstream.Options{Start: p.start}, server)
	names := strings.Join(r.names(), " ")
	r.change(program("before", "sdk"), server)
	await(t, "the other one's tools", func() bool { return len(r.names()) > len(strings.Fields(names)) })
	r.change(server)
	r.mustBe(names)
	await(t, "the other one's program to end", func() bool { return p.running() == 1 })
	if _, err := r.call("up_echo", in{}); err != nil || p.started != 2 {
		t.Errorf("%v, %d programs were started", err, p.started)
	}
	server.Version = "2"
	r.change(server)
	await(t, "it to be asked again", func() bool { return r.hub.Health()[0].Revision != "" })
	if _, err := r.call("up_echo", in{}); err != nil {
		t.Error(err)
	}
	await(t, "the program to be another one", func() bool { return p.running() == 1 && p.started == 3 })
}

// What a server lists is run as it is described now, even if it cannot be asked. When it can, what it does not list is gone.
func TestAServerThatIsDescribedAnew(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	one, two := []string{"read", "write", "search"}, []string{"read", "find"}
	server := upstream.Server{Name: "a", URL: listing(t, &mu, &one)}
	r := start(t, upstream.Options{}, server)
	r.mustBe("a_read a_search a_write")

	server.URL = "http://127.0.0.1:1"
	server.Deny = []string{"write"}
	server.Tools = map[string]upstream.Tool{"search": {Name: "a_read", Description: "ours"}, "read": {Name: "a_search"}}
	r.change(server)
	r.mustBe("a_read a_search")
	if tool, _ := r.reg.Lookup("a_read"); tool.Description != "ours" {
		t.Errorf("%+v", tool)
	}
	if _, err := r.call("a_read", object{}); err == nil || !strings.Contains(err.Error(), "upstream a: ") {
		t.Errorf("a call went elsewhere than to the new address: %v", err)
	}
	await(t, "it to be known for down", func() bool { return r.hub.Health()[0].Err != nil })

	server = upstream.Server{Name: "a", URL: listing(t, &mu, &two)}
	r.change(server)
	await(t, "its own list", func() bool { return strings.Join(r.names(), " ") == "a_find a_read" })
}

// A name goes to the first server that claims it, and to a tool of the worker before any server.
func TestANameGoesToTheFirstThatClaimsIt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	list, none := []string{"read"}, ""
	server := func(name string) upstream.Server {
		return upstream.Server{Name: name, URL: listing(t, &mu, &list), Prefix: &none, Policy: tasks.Policy{Queue: name}, Version: name}
	}
	a, b := server("a"), server("b")
	r := start(t, upstream.Options{}, a, b)
	whose := func(want string) {
		t.Helper()
		if tool, ok := r.reg.Lookup("read"); !ok || tool.Policy.Queue != want {
			t.Errorf("%+v, want that of %s", tool, want)
		}
	}
	whose("a")
	r.change(b, a)
	whose("b")
	r.change(a)
	whose("a")
	if err := r.reg.Put(tasks.Tool{Name: "read", Policy: tasks.Policy{Queue: "own"}}, func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
		return tasks.Text("own"), nil
	}); err != nil {
		t.Fatal(err)
	}
	r.change(a, b)
	whose("own")
	r.change()
	whose("own")
	r.change(b)
	own, _ := r.reg.Lookup("read")
	r.reg.Drop(own)
	await(t, "b to be listed", func() bool { h := r.hub.Health()[0]; return h.Tools > 0 || h.Warnings != "" })
	r.change(b)
	whose("b")
	if err := r.hub.Change([]upstream.Server{a, a}); err == nil {
		t.Error("two servers have one name")
	}
	whose("b")
}

// What a server has beside its tools comes and goes with it, and is asked of the server as it is described now.
func TestASourceThatChanges(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{}, program("up", "library", "LIBRARY=first"))
	read := func() string {
		got, err := r.ask("up", "resources/read", `{"uri":"up+repo://readme"}`)
		return fmt.Sprint(got, err)
	}
	if got := read(); !strings.Contains(got, "first has") {
		t.Error(got)
	}
	r.change(program("up", "library", "LIBRARY=second"))
	if got := read(); !strings.Contains(got, "second has") {
		t.Error(got)
	}
	closed := program("up", "library", "LIBRARY=third")
	closed.NoResources, closed.NoPrompts = true, true
	r.change(closed)
	if r.source("up") != nil {
		t.Error("it is still there")
	}
	r.change(program("up", "library"))
	await(t, "it to be there again", func() bool { return r.source("up") != nil })
	r.change()
	if r.source("up") != nil {
		t.Error("it outlives its server")
	}
}
