package server_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/wire"
)

const soon, late = 20 * time.Millisecond, time.Hour

// named has the client call itself so.
func named(name string) func(*draft) {
	return withMeta(wire.MetaClientInfo, obj{"name": name, "version": "1"})
}

// sessionOf opens a session of a client of a name.
func (f *front) sessionOf(name string) *session {
	f.t.Helper()
	d := hello("2025-11-25", obj{})
	d.params()["clientInfo"] = obj{"name": name, "version": "1"}
	_, r := f.ask(d)
	return &session{id: r.header.Get(wire.HeaderSession), version: "2025-11-25"}
}

// handedOut reports whether a call is answered with a handle, or still held after many pings: then a limit of soon is long over.
func (f *front) handedOut(d *draft) bool {
	f.t.Helper()
	const many = 30
	r := f.send(f.soon(), d)
	defer r.body.Close()
	defer f.claim().finish("done")
	if !r.streamed() {
		return r.next().Result["structuredContent"] != nil
	}
	for pings := 0; pings < many; {
		e, err := r.event()
		switch {
		case err != nil:
			f.t.Fatalf("reading the response: %v", err)
		case e.ping:
			pings++
		case strings.Contains(e.data, `"structuredContent"`):
			return true
		}
	}
	return false
}

func TestACallIsHeldAsLongAsItsClientSurvives(t *testing.T) {
	t.Parallel()
	type options = func(*server.Options)
	known := func(silent, heard time.Duration) options {
		return func(o *server.Options) { o.Know("host*", silent, heard) }
	}
	hold := func(d time.Duration) options { return func(o *server.Options) { o.Hold = d } }
	says := func(name string, d time.Duration) options {
		return func(o *server.Options) { o.Clients = append(o.Clients, server.Client{Name: name, Hold: d}) }
	}
	inSession := func(tool string, meta obj) func(*front) *draft {
		return func(f *front) *draft {
			return f.sessionOf("host-x").request("tools/call", obj{"name": tool, "_meta": meta})
		}
	}
	modernCall := func(tool string) func(*front) *draft {
		return func(*front) *draft { return modern("tools/call", obj{"name": tool}, plainClient, named("host-x")) }
	}
	quiet, heard := obj{}, obj{"progressToken": 1}
	for name, c := range map[string]struct {
		options []options
		draft   func(*front) *draft
		want    bool
	}{
		"known, silent":                               {[]options{known(soon, late)}, inSession("any", quiet), true},
		"known, and it hears progress":                {[]options{known(soon, late)}, inSession("any", heard), false},
		"known, but the server's hold is shorter":     {[]options{known(late, late), hold(soon)}, inSession("any", quiet), true},
		"known, and the server's hold is longer":      {[]options{known(soon, soon), hold(late)}, inSession("any", quiet), true},
		"known, and the tool's hold is longer":        {[]options{known(soon, soon)}, inSession("patient", quiet), true},
		"known, but the tool's hold is shorter":       {[]options{known(late, late)}, inSession("short", heard), true},
		"unknown":                                     {[]options{hold(soon)}, inSession("any", quiet), true},
		"unknown, and the tool has a hold":            {[]options{hold(soon)}, inSession("patient", quiet), false},
		"the operator knows better":                   {[]options{known(soon, soon), says("host-x", late)}, inSession("any", quiet), false},
		"the operator's client before the hold":       {[]options{hold(soon), says("host-x", late)}, inSession("any", quiet), false},
		"the operator's client before the tool":       {[]options{says("host-x", soon)}, inSession("patient", quiet), true},
		"the operator's client, whatever it hears":    {[]options{known(late, late), says("host-x", soon)}, inSession("any", heard), true},
		"2026-07-28: no name is known":                {[]options{known(soon, soon), hold(late)}, modernCall("any"), false},
		"2026-07-28: but those that the operator has": {[]options{says("host-*", soon)}, modernCall("any"), true},
		"without a name":                              {[]options{says("*", soon)}, func(*front) *draft { return legacy("tools/call", obj{"name": "any"}) }, true},
		"never a handle":                              {[]options{says("*", soon)}, inSession("held", quiet), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, append(c.options, func(o *server.Options) { o.Ping = soon / 4 })...)
			if got := f.handedOut(c.draft(f)); got != c.want {
				t.Errorf("handed out %t, want %t", got, c.want)
			}
		})
	}
}

func TestTaskWaitEndsBeforeItsClientGivesUp(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Know("host", soon, soon) })
	id := f.task()
	d := f.sessionOf("host").request("tools/call", obj{"name": "task_wait", "arguments": obj{"taskId": id}})
	if m, _ := f.ask(d); structured(t, m)["status"] != "working" { // by itself it would wait for 45 s, longer than the test does
		t.Errorf("got %+v", m)
	}
}

func TestTheNameThatFitsBest(t *testing.T) {
	t.Parallel()
	list := []server.Client{{Name: "*"}, {Name: "vs*"}, {Name: "vscode"}, {Name: "vscode-*"}, {Name: "vsc*"}}
	for name, want := range map[string]string{
		"vscode": "vscode", "vscode-insiders": "vscode-*", "vscode2": "vsc*", "vsx": "vs*", "VSCODE": "*", "": "*",
	} {
		if got := server.Fitting(list, name); got != want {
			t.Errorf("%q fits %q, want %q", name, got, want)
		}
	}
	if got := server.Fitting(list[1:], "other"); got != "" {
		t.Errorf("other fits %q", got)
	}
}

// Names that could not be compared, or times in which nothing can be done, would be a slip.
func TestKnownClientsAreSensible(t *testing.T) {
	t.Parallel()
	for name, p := range server.Known() {
		begin := strings.TrimSuffix(name, "*")
		if begin == "" || strings.Contains(begin, "*") || len(name) > store.MaxClientName || min(p.Silent, p.Heard) < 10*time.Second {
			t.Errorf("%q: %+v", name, p)
		}
	}
}

func TestReadmeSaysHowLongACallIsHeld(t *testing.T) {
	t.Parallel()
	known := make(map[string]server.Survival)
	for name, p := range server.Known() {
		known[strings.TrimRight(name, "-*")] = p
	}
	if diff := cmp.Diff(known, readmeHolds(t)); diff != "" {
		t.Errorf("known (-) and in README (+):\n%s", diff)
	}
}

var (
	clientNames = regexp.MustCompile("`([^`]+?)[-*]*`")
	clientHolds = regexp.MustCompile("^(?:(\\d+ \\w+) with a `progressToken`; else )?(\\d+ \\w+)")
)

// readmeHolds reads README's table of clients and times. It writes names without the * that stands for their rest, or with it.
func readmeHolds(t *testing.T) map[string]server.Survival {
	t.Helper()
	doc, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(doc), "**How long a call is held.**")
	_, section, _ = strings.Cut(section, "|---|---|\n")
	table, _, _ := strings.Cut(section, "\n\n")
	holds := make(map[string]server.Survival)
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			t.Fatalf("README has the row %q", row)
		}
		times := clientHolds.FindStringSubmatch(strings.TrimSpace(cells[2]))
		if times == nil {
			t.Fatalf("README says no time in %q", row)
		}
		silent := readTime(t, times[2])
		heard := silent
		if times[1] != "" {
			heard = readTime(t, times[1])
		}
		for _, name := range clientNames.FindAllStringSubmatch(cells[1], -1) {
			holds[name[1]] = server.Survival{Silent: silent, Heard: heard}
		}
	}
	return holds
}

// readTime reads a time as README writes it, such as 4 min.
func readTime(t *testing.T, words string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.NewReplacer(" min", "m", " ", "").Replace(words))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
