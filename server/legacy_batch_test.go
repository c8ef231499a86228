package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/wire"
)

// answers sends a body as it is, and reads what comes back as a batch.
func (f *front) answers(d *draft) (byID map[string]message, status int) {
	f.t.Helper()
	r := f.send(f.soon(), d)
	defer r.body.Close()
	var list []message
	if err := json.NewDecoder(r.lines).Decode(&list); err != nil {
		f.t.Fatalf("no batch: HTTP %d, %v", r.status, err)
	}
	byID = make(map[string]message, len(list))
	for _, m := range list {
		byID[string(m.ID)] = m
	}
	return byID, r.status
}

func (d *draft) saying(text string) *draft {
	d.text = text
	return d
}

// earlier is a request without a session, of a revision that is not named if it is empty.
func earlier(version string) *draft {
	d := legacy("x", nil)
	d.header.Del(wire.HeaderVersion)
	if version != "" {
		d.header.Set(wire.HeaderVersion, version)
	}
	return d
}

func TestABatchIsAnsweredAsItsMessagesWouldBe(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Ping = time.Millisecond }) // a batch is not pinged
	x := f.initialize("2025-03-26", canFill())
	for name, d := range map[string]*draft{
		"in a session":         x.request("x", nil),
		"without one":          earlier("2025-03-26"),
		"of no named revision": earlier(""),
		"of 2024-11-05":        earlier("2024-11-05"),
	} {
		t.Run(name, func(t *testing.T) {
			f.play(func(c claimed) { c.progress(1, 2, "half"); c.log("error", "trouble"); c.finish("one") })
			f.play(func(c claimed) { c.finish("two") })
			got, status := f.answers(d.saying(`[
				{"jsonrpc":"2.0","id":1,"method":"ping"},
				{"jsonrpc":"2.0","method":"notifications/initialized"},
				{"jsonrpc":"2.0","id":"two","method":"tools/list"},
				{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"any","_meta":{"progressToken":1}}},
				{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"any","arguments":{"n":4}}},
				{"jsonrpc":"2.0","id":5,"method":"tasks/list"},
				{"jsonrpc":"2.0","id":6,"method":"initialize","params":{}},
				{"jsonrpc":"2.0","id":"nobody asked","result":{}},
				{"jsonrpc":"2.0","id":7},
				{"jsonrpc":"2.0","id":8,"method":"logging/setLevel","params":{"level":"error"}}
			]`))
			list, _ := got[`"two"`].Result["tools"].([]any)
			said := []string{text(got["3"].Result), text(got["4"].Result)}
			slices.Sort(said)
			if status != 200 || len(got) != 8 || got["1"].Result == nil || len(list) != len(catalogue)+len(handles) || !slices.Equal(said, []string{"one", "two"}) {
				t.Errorf("got %d %+v", status, got)
			}
			if got["5"].code() != wire.CodeMethodNotFound || got["6"].code() != wire.CodeInvalidRequest || got["7"].code() != wire.CodeInvalidRequest {
				t.Errorf("got %+v %+v %+v", got["5"], got["6"], got["7"])
			}
			if inSession := d.header.Get(wire.HeaderSession) != ""; (got["8"].Error == nil) != inSession {
				t.Errorf("in a session %t: %+v", inSession, got["8"].Error)
			}
		})
	}
	if r := f.send(f.soon(), x.request("x", nil).saying(`[{"jsonrpc":"2.0","method":"notifications/initialized"}]`)); r.status != http.StatusAccepted {
		t.Errorf("nothing to answer: got %d", r.status)
	}
	f.play(func(c claimed) { c.ask("name") }) // which goes out on no stream: the handle has it
	got, _ := f.answers(x.request("x", nil).saying(`[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"short"}}]`))
	if h := structured(t, got["1"]); h["taskId"] == nil {
		t.Errorf("a call that takes longer: %+v", got)
	}
	if streams := f.rdb.Keys(t.Context(), "mcp-stream-*").Val(); len(streams) > 0 {
		t.Errorf("a batch has streams that nobody can go on with: %v", streams)
	}
}

func TestBatchesThatAreNone(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, d := range map[string]*draft{
		"empty":                     earlier("2025-03-26").saying(`[]`),
		"endless":                   earlier("2025-03-26").saying(`[` + strings.Repeat(`{},`, 50) + `{}]`),
		"of 2025-06-18":             earlier("2025-06-18").saying(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`),
		"in a session of that":      f.initialize("2025-06-18", obj{}).request("x", nil).saying(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`),
		"… that its header omits":   unversioned(f.initialize("2025-11-25", obj{}).request("x", nil)).saying(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`),
		"of an unsupported version": earlier("2020-01-01").saying(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`),
	} {
		if m, r := f.ask(d); r.status != http.StatusBadRequest || m.Error == nil {
			t.Errorf("%s: got %d %+v", name, r.status, m)
		}
	}
	got, _ := f.answers(earlier("2025-03-26").saying(`[1, [], {"jsonrpc":"2.0","id":1,"method":"ping"}]`))
	if len(got) != 2 || got["1"].Error != nil || got[""].code() != wire.CodeInvalidRequest {
		t.Errorf("one that is good: got %+v", got)
	}
}

func unversioned(d *draft) *draft {
	d.header.Del(wire.HeaderVersion)
	return d
}
