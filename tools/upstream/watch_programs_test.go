package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// serveNotes speaks 2024-11-05 by hand, and has resources that can be subscribed to. What its tool is called with has changed then.
func serveNotes() {
	lines, dir := bufio.NewScanner(os.Stdin), os.Getenv("STARTS")
	for lines.Scan() {
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				URI       string `json:"uri"`
				Arguments in     `json:"arguments"`
			} `json:"params"`
		}
		_ = json.Unmarshal(lines.Bytes(), &m)
		answer := object{"jsonrpc": "2.0", "id": m.ID, "result": object{}}
		switch m.Method {
		case "initialize":
			answer["result"] = object{
				"protocolVersion": "2024-11-05", "serverInfo": object{"name": "notes", "version": "1"},
				"capabilities": object{"tools": object{}, "resources": object{"subscribe": true}},
			}
		case "tools/list":
			answer["result"] = object{"tools": []object{{"name": "write", "inputSchema": object{}}}}
		case "resources/list":
			answer["result"] = object{"resources": []object{{"name": "a", "uri": "note://a"}}}
		case "tools/call":
			if m.Params.Arguments.Text == "" {
				fmt.Fprintln(os.Stderr, "out of ink")
				os.Exit(3)
			}
			b, _ := json.Marshal(object{"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": object{"uri": m.Params.Arguments.Text}})
			fmt.Printf("%s\n", b)
			answer["result"] = object{"content": []object{}}
		case "resources/subscribe", "resources/unsubscribe":
			mark(dir, strings.ReplaceAll(m.Method+" "+m.Params.URI, "/", ""))
			if m.Params.URI == "note://secret" {
				delete(answer, "result")
				answer["error"] = object{"code": -32002, "message": "no such note"}
			}
		case "server/discover", "resources/templates/list":
			delete(answer, "result")
			answer["error"] = object{"code": -32601, "message": "method not found"}
		}
		if m.ID != nil {
			b, _ := json.Marshal(answer)
			fmt.Printf("%s\n", b)
		}
	}
}

// vigil is a resource that is watched.
type vigil struct {
	told  chan struct{} // whenever it has changed
	ended chan error
	stop  context.CancelFunc
}

// watch watches a resource of up, and waits until nothing is missed any more.
func (r *rig) watch(uri string) *vigil {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	v := &vigil{make(chan struct{}, 100), make(chan error, 1), stop}
	go func() { v.ended <- r.source("up").Watch(ctx, uri, func() { v.told <- struct{}{} }) }()
	v.hears(r.t)
	return v
}

func (v *vigil) hears(t *testing.T) {
	t.Helper()
	select {
	case <-v.told:
	case err := <-v.ended:
		t.Fatalf("it is not watched any more: %v", err)
	}
}

// write has a program of up tell that a resource has changed.
func (r *rig) write(uri string) {
	r.t.Helper()
	if got, err := r.call("up_write", in{Text: uri}); err != nil {
		r.t.Fatal(got, err)
	}
}

// A program of an earlier revision tells of changes in its only session, and only those that it knows of: calls have other programs.
func TestResourcesThatProgramsTellOf(t *testing.T) {
	t.Parallel()
	p, dir := &watched{}, t.TempDir()
	r := start(t, upstream.Options{Start: p.start}, program("up", "notes", "STARTS="+dir))
	a, b := r.watch("up+note://a"), r.watch("up+note://b")
	if n := p.running(); n != 1 {
		t.Errorf("%d programs run for two resources", n)
	}
	r.write("note://a") // by a program that is started for it
	a.hears(t)
	c := r.watch("up+note://c")
	r.write("note://c") // by one that ran before
	c.hears(t)
	if n := p.running(); n != 2 {
		t.Errorf("%d programs run for three resources and a call", n)
	}
	r.write("note://b/page/7") // a part of it
	b.hears(t)
	r.write("letter://7") // of which one it is a part the program knows
	for _, v := range []*vigil{a, b, c} {
		v.hears(t)
	}
	for _, v := range []*vigil{a, b, c} {
		select {
		case <-v.told:
			t.Error("it was told of what had not changed")
		default:
		}
		v.stop()
		if err := <-v.ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for _, uri := range []string{"note:a", "note:b", "note:c"} {
		await(t, "both programs to hear that nobody watches any more", func() bool { return marks(dir, "resourcesunsubscribe "+uri) == 2 })
		if n := marks(dir, "resourcessubscribe "+uri); n != 2 {
			t.Errorf("%s was subscribed to %d times by two programs", uri, n)
		}
	}
	r.write("note://a")
	if n := p.running(); n != 2 {
		t.Errorf("%d programs run, want the two of before", n)
	}
}

// What a program that dies did not tell any more is told once by the one in its place.
func TestAWatchedProgramThatDies(t *testing.T) {
	t.Parallel()
	p := &watched{}
	r := start(t, upstream.Options{Start: p.start}, program("up", "notes"))
	a, b := r.watch("up+note://a"), r.watch("up+note://b")
	p.kill()
	for _, v := range []*vigil{a, b} {
		if err := <-v.ended; err == nil || !isUpstream(err) || !strings.HasPrefix(err.Error(), "upstream up: it ended with signal: killed") {
			t.Error(err)
		}
	}
	a = r.watch("up+note://a")
	_, _ = r.call("up_write", in{}) // dies
	r.write("note://a")
	a.hears(t)
}

// A program is kept while something is watched with it, and not for longer.
func TestHowLongAWatchedProgramIsKept(t *testing.T) {
	t.Parallel()
	p := &watched{}
	r := start(t, upstream.Options{Start: p.start, Idle: 50 * time.Millisecond}, program("up", "notes"))
	a, b := r.watch("up+note://a"), r.watch("up+note://b")
	r.write("note://a")
	a.hears(t)
	await(t, "the program of the call to end", func() bool { return p.running() == 1 })
	a.stop()
	r.write("note://b")
	b.hears(t)
	await(t, "the program of the call to end", func() bool { return p.running() == 1 })
	b.stop()
	await(t, "the program that was kept to end", func() bool { return p.running() == 0 })

	b = r.watch("up+note://b")
	r.change()
	if err := <-b.ended; err == nil || err.Error() != "its stream of changes ended" {
		t.Error(err)
	}
	await(t, "the program of the server that is gone to end", func() bool { return p.running() == 0 })
}

func TestResourcesThatCannotBeWatched(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{}, program("up", "notes"), program("mute", "library", "LIBRARY=mute", "REVISION=2025-11-25", "MUTE=1"))
	if s := r.source("mute"); s == nil || s.Subscribes || s.Watch != nil {
		t.Errorf("a server without subscriptions: %+v", s)
	}
	if err := r.source("up").Watch(t.Context(), "up+note://secret", nil); refused(err) != "-32002 no such note " {
		t.Error(refused(err))
	}
	const most = 64
	for i := range most {
		r.watch(fmt.Sprint("up+note://", i))
	}
	if err := r.source("up").Watch(t.Context(), "up+note://more", nil); err == nil || err.Error() != "upstream up: too many of its resources are watched already" {
		t.Error(err)
	}
}
