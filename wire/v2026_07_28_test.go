package wire_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

var (
	created = time.Date(2026, 8, 1, 12, 0, 0, 5e6, time.FixedZone("", 7200))
	about   = wire.Implementation{Name: "longhaul", Version: "1"}
)

func task(status tasks.Status, change func(*tasks.Task)) *tasks.Task {
	t := &tasks.Task{
		ID: "00000000-0000-4000-8000-000000000000-3", Status: status, Phase: tasks.Running, Message: "reading",
		Created: created, Updated: created.Add(time.Second), Retention: time.Hour,
	}
	if status.Terminal() {
		t.Phase, t.Ended = tasks.Ended, t.Updated
	}
	change(t)
	return t
}

const head = `"taskId":"00000000-0000-4000-8000-000000000000-3",`
const times = `"createdAt":"2026-08-01T10:00:00.005Z","lastUpdatedAt":"2026-08-01T10:00:01.005Z",`
const server = `"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"}},`

func TestTasksAsTheExtensionWritesThem(t *testing.T) {
	t.Parallel()
	form := tasks.InputRequest{Method: "elicitation/create", Params: json.RawMessage(`{"mode":"form"}`)}
	tests := map[string]struct {
		task *tasks.Task
		want string
	}{
		"working": {
			task(tasks.Working, func(*tasks.Task) {}),
			`{"resultType":"complete",` + server + head + `"status":"working","statusMessage":"reading",` + times + `"ttlMs":null,"pollIntervalMs":500}`,
		},
		"progress": {
			task(tasks.Working, func(t *tasks.Task) { t.Progress = tasks.Progress{Done: 1, Total: 4, ETA: 3 * time.Second} }),
			`{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"},
			"dev.longhaul/progress":{"progress":1,"total":4,"etaMs":3000}},` + head +
				`"status":"working","statusMessage":"25% · 1 of 4 · about 3 s left",` + times + `"ttlMs":null,"pollIntervalMs":500}`,
		},
		"input required": {
			task(tasks.InputRequired, func(t *tasks.Task) { t.Questions = []tasks.Question{{Key: "k", Request: form}} }),
			`{"resultType":"complete",` + server + head + `"status":"input_required","statusMessage":"reading",` + times +
				`"ttlMs":null,"pollIntervalMs":500,"inputRequests":{"k":{"method":"elicitation/create","params":{"mode":"form"}}}}`,
		},
		"retried": {
			task(tasks.Working, func(t *tasks.Task) {
				t.Delivery.Attempt, t.Failures, t.Attempts, t.LastErr = 3, 1, 5, "no luck"
			}),
			`{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"},
			"dev.longhaul/attempts":{"attempt":3,"failures":1,"limit":5,"lastError":"no luck"}},` + head +
				`"status":"working","statusMessage":"reading",` + times + `"ttlMs":null,"pollIntervalMs":500}`,
		},
		"moved": {
			task(tasks.Cancelled, func(t *tasks.Task) { t.Delivery.Attempt, t.Attempts = 2, 5 }),
			`{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"},
			"dev.longhaul/attempts":{"attempt":2,"failures":0,"limit":5}},` + head +
				`"status":"cancelled","statusMessage":"reading",` + times + `"ttlMs":3601000,"pollIntervalMs":500}`,
		},
		"completed": {
			task(tasks.Completed, func(t *tasks.Task) {
				t.Message, t.Result = "", json.RawMessage(`{"content":[]}`)
				t.Delivery.Attempt, t.Attempts, t.Progress = 1, 5, tasks.Progress{Done: 3, Total: 4} // stale: it says nothing any more
			}),
			`{"resultType":"complete",` + server + head + `"status":"completed",` + times +
				`"ttlMs":3601000,"pollIntervalMs":500,"result":{"resultType":"complete","content":[]}}`,
		},
		"failed": {
			task(tasks.Failed, func(t *tasks.Task) { t.Error = tasks.NewError(tasks.ReasonPanic, "broke") }),
			`{"resultType":"complete",` + server + head + `"status":"failed","statusMessage":"broke",` + times +
				`"ttlMs":3601000,"pollIntervalMs":500,"error":{"code":-32603,"message":"broke","data":{"reason":"panic"}}}`,
		},
		"cancelled": {
			task(tasks.Cancelled, func(t *tasks.Task) { t.Message = "cancelled by the client" }),
			`{"resultType":"complete",` + server + head + `"status":"cancelled","statusMessage":"cancelled by the client",` + times +
				`"ttlMs":3601000,"pollIntervalMs":500}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, test.want, wire.Get(test.task, about))
			notified := strings.Replace(test.want, `"resultType":"complete",`, "", 1)
			notified = strings.Replace(notified, `"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"}`, `"io.modelcontextprotocol/subscriptionId":"s"`, 1)
			same(t, `{"jsonrpc":"2.0","method":"notifications/tasks","params":`+notified+`}`, wire.Changed(test.task, json.RawMessage(`"s"`)))
		})
	}
}

func same(t *testing.T, want string, got []byte) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Error(diff)
	}
}

func TestACreatedTaskCarriesNoPayload(t *testing.T) {
	t.Parallel()
	done := task(tasks.Completed, func(t *tasks.Task) { t.Message, t.Result = "", json.RawMessage(`{"content":[]}`) })
	same(t, `{"resultType":"task",`+server+head+`"status":"completed",`+times+`"ttlMs":3601000,"pollIntervalMs":500}`, wire.Created(done, about))
}

func TestCompleteAddsWhatAResultLacks(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		`{}`:                            `{"resultType":"complete",` + strings.TrimSuffix(server, ",") + `}`,
		` `:                             `{"resultType":"complete",` + strings.TrimSuffix(server, ",") + `}`,
		`{ "content":[]}`:               `{"resultType":"complete",` + server + `"content":[]}`,
		`{"_meta":{"a":1},"content":1}`: `{"resultType":"complete","_meta":{"a":1,"io.modelcontextprotocol/serverInfo":{"name":"longhaul","version":"1"}},"content":1}`,
		`{"resultType":"old","x":1}`:    `{"resultType":"complete",` + server + `"x":1}`,
		`{"x":{"_meta":{}}}`:            `{"resultType":"complete",` + server + `"x":{"_meta":{}}}`,
	} {
		same(t, want, wire.Complete(json.RawMessage(stored), &about))
	}
	same(t, `{"resultType":"complete","_meta":{"a":1}}`, wire.Complete(json.RawMessage(`{"_meta":{"a":1}}`), nil))
}

func FuzzComplete(f *testing.F) {
	f.Add([]byte(`{"content":[],"_meta":{"resultType":1}}`))
	f.Add([]byte(` {} `))
	f.Fuzz(func(t *testing.T, stored []byte) {
		if !json.Valid(stored) {
			return // what is stored is JSON
		}
		var o wire.Object
		if err := json.Unmarshal(wire.Complete(stored, &about), &o); err != nil {
			t.Fatalf("%q: %v", stored, err)
		}
		if kind, _ := o.Text("resultType"); kind != wire.TypeComplete {
			t.Fatalf("%q: %v", stored, o)
		}
	})
}

func TestCapabilitiesOfAClient(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]wire.ClientCapabilities{
		`{}`:                                   {},
		`{"elicitation":{}}`:                   {Asks: tasks.Capabilities{tasks.CanFillForms}},
		`{"elicitation":{"url":{}}}`:           {Asks: tasks.Capabilities{tasks.CanVisit}},
		`{"elicitation":{"url":{},"form":{}}}`: {Asks: tasks.Capabilities{tasks.CanFillForms, tasks.CanVisit}},
		`{"sampling":{},"roots":{}}`:           {Asks: tasks.Capabilities{tasks.CanSample, tasks.CanListRoots}},
		`{"extensions":{"io.modelcontextprotocol/tasks":{},"x/y":{}}}`: {Tasks: true},
	} {
		meta, err := wire.DecodeMeta(wire.Object{"_meta": json.RawMessage(`{"` + wire.MetaCapabilities + `":` + doc + `}`)})
		if err != nil || meta.Capabilities == nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(want, *meta.Capabilities); diff != "" {
			t.Errorf("%s: %s", doc, diff)
		}
	}
}

func TestCapabilitiesAreReadAsTheyAreDeclared(t *testing.T) {
	t.Parallel()
	every := tasks.Capabilities{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample, tasks.CanListRoots}
	for n := range len(every) + 1 {
		declared, err := json.Marshal(wire.CapabilitiesOf(every[n:]...))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := wire.DecodeMeta(wire.Object{"_meta": json.RawMessage(`{"` + wire.MetaCapabilities + `":` + string(declared) + `}`)})
		if err != nil || !slices.Equal(meta.Capabilities.Asks, every[n:]) {
			t.Errorf("%s is read as %+v, %v", declared, meta.Capabilities, err)
		}
	}
}

func TestLevelsCoverWhatIsAsSevere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked, got wire.Level
		want       bool
	}{{"", "emergency", false}, {"warning", "info", false}, {"warning", "warning", true}, {"debug", "error", true}, {"debug", "odd", false}} {
		if got := test.asked.Covers(test.got); got != test.want {
			t.Errorf("%q covers %q: %v", test.asked, test.got, got)
		}
	}
}
