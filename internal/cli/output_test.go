package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestALinkIsToldWithItsSizeIfThatIsKnown(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		`{"type":"resource_link","uri":"a://b","mimeType":"text/plain","size":7}`: "(text/plain, 7 bytes: longhaul read a://b)\n",
		`{"type":"resource_link","uri":"a://b","mimeType":"text/plain"}`:          "(text/plain: longhaul read a://b)\n",
		`{"type":"resource_link","uri":"a://b"}`:                                  "(longhaul read a://b)\n",
	} {
		var errs bytes.Buffer
		a := &app{errs: &errs}
		a.printText(&client.Result{Content: []json.RawMessage{json.RawMessage(link)}})
		if errs.String() != want {
			t.Errorf("%s: %q, want %q", link, errs.String(), want)
		}
	}
}

func TestAFailureIsToldWhenItHappens(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	p := &plain{out: &out, now: func() time.Time { return now }}
	failed := client.Task{
		Status: tasks.Working, Message: "attempt 1 of 3 failed, the next one starts in 4s: no luck", Progress: tasks.Progress{Done: 4, Total: 10, Message: "page"},
		Attempts: wire.Attempts{Attempt: 2, Failures: 1, Limit: 3, LastError: "no luck", Next: now.Add(4 * time.Second)},
	}
	p.show(client.Task{Status: tasks.Working, Message: "40%", Progress: tasks.Progress{Done: 4, Total: 10}})
	p.show(failed)
	if !strings.HasSuffix(out.String(), "12:00:00 working attempt 1 of 3 failed, the next one starts in 4s: no luck\n") {
		t.Errorf("%q", out.String())
	}
	if line := picture("crawl", failed, &meter{last: failed.Progress}, now, 150); !strings.Contains(line, "the next one starts in 4s") {
		t.Errorf("%q", line)
	}
	document, err := json.Marshal(taskDocument(failed).Attempts)
	want := `{"attempt":2,"failures":1,"limit":3,"lastError":"no luck","nextAt":"2026-11-01T12:00:04Z"}`
	if string(document) != want {
		t.Errorf("%s, %v, want %s", document, err, want)
	}
}

func TestALongCopyIsShown(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &plain{out: &out, now: func() time.Time { return began }}
	for _, bytes := range []int64{4 << 20, 5 << 20, 60_000_000, 100_000_000} {
		p.show(copied(began, bytes, 100_000_000))
	}
	want := "12:00:00 working 4194k of 100M bytes\n12:00:00 working 60M of 100M bytes\n12:00:00 completed 100M of 100M bytes\n"
	if out.String() != want {
		t.Errorf("%s, want\n%s", out.String(), want)
	}
}
