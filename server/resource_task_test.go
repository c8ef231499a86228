package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// blobs is a blob store of a test, in a directory.
func blobs(t testing.TB) (*blob.Store, string) {
	t.Helper()
	dir := t.TempDir()
	b, err := blob.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b, dir
}

// leave puts an object where a worker would.
func (c claimed) leave(b *blob.Store, n int, name, mimeType, content string) {
	c.f.t.Helper()
	ctx := c.f.soon()
	if _, err := c.f.store.Shelve(ctx, c.Lease); err != nil {
		c.f.t.Fatal(err)
	}
	o, err := b.Put(ctx, c.BlobKey(n), strings.NewReader(content))
	if err != nil {
		c.f.t.Fatal(err)
	}
	form, _ := json.Marshal(o.Form)
	known, _ := json.Marshal(store.Blob{Key: o.Key, MIMEType: mimeType, Form: form})
	if _, err := c.f.store.Remember(ctx, c.Lease, n, store.BlobName(name), known); err != nil {
		c.f.t.Fatal(err)
	}
}

// resource reads a resource: its content and its text or blob.
func (f *front) resource(d *draft) (content obj, m message) {
	f.t.Helper()
	m, _ = f.ask(d)
	if list, _ := m.Result["contents"].([]any); len(list) == 1 {
		content = list[0].(obj)
	}
	return content, m
}

func readOf(uri string) *draft { return modern("resources/read", obj{"uri": uri}) }

const poem = "one\n\"two\"\tüber\n日本\nfour"

func TestAResultIsReadFromTheBlobStore(t *testing.T) {
	t.Parallel()
	b, _ := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", poem)
	c.leave(b, 2, store.ArtifactPrefix+"a b/ü.bin", "application/x-odd", "\xff\x00\x01")
	uri := "longhaul://tasks/" + id + "/result"
	if _, m := f.resource(readOf(uri)); m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, "no result yet") {
		t.Errorf("before its end: %+v", m)
	}
	c.finish("head")
	for query, want := range map[string]string{
		"": poem, "?lines=1-1": "one\n", "?lines=2-3": "\"two\"\tüber\n日本\n", "?lines=3-": "日本\nfour", "?lines=4-900": "four", "?lines=1-": poem,
	} {
		for _, version := range []string{wire.V20260728, "", "2024-11-05", "2025-11-25"} {
			d := readOf(uri + query)
			if version != wire.V20260728 {
				d = earlier(version)
				d.body = legacy("resources/read", obj{"uri": uri + query}).body
			}
			got, m := f.resource(d)
			if got["text"] != want || got["uri"] != uri+query || got["mimeType"] != "text/plain" || (m.Result["resultType"] == "complete") != (version == wire.V20260728) {
				t.Errorf("%q %q: got %+v", version, query, m)
			}
			if meta, _ := got["_meta"].(obj); meta["dev.longhaul/size"] != float64(len(poem)) {
				t.Errorf("%q %q: %v", version, query, got["_meta"])
			}
		}
	}
	for query, want := range map[string]string{"?bytes=0-2": "one", "?bytes=4-8": `"two"`, "?bytes=20-": poem[20:], "?bytes=0-999": poem, "?bytes=5-9223372036854775807": poem[5:]} {
		got, m := f.resource(readOf(uri + query))
		text, _ := got["blob"].(string)
		if b, err := base64.StdEncoding.DecodeString(text); err != nil || string(b) != want {
			t.Errorf("%q: got %q, %+v", query, b, m)
		}
	}
	if got, m := f.resource(readOf("longhaul://tasks/" + id + "/artifacts/a%20b/%C3%BC.bin")); got["blob"] != "/wAB" || got["text"] != nil || got["mimeType"] != "application/x-odd" {
		t.Errorf("artifact: %+v", m)
	}
	for _, query := range []string{"?lines=0-1", "?lines=5-", "?lines=2-1", "?lines=a-b", "?lines=1", "?bytes=-1-2", "?bytes=27-", "?x=1-2", "?lines=1-2&bytes=0-1", "?lines=1-&lines=2-"} {
		if _, m := f.resource(readOf(uri + query)); m.code() != wire.CodeInvalidParams || m.Error.Data["uri"] != nil {
			t.Errorf("%q: %+v", query, m)
		}
	}
	if _, m := f.resource(readOf("longhaul://tasks/" + id + "/artifacts/a%20b/%C3%BC.bin?lines=1-")); m.code() != wire.CodeInvalidParams {
		t.Errorf("lines of what is no text: %+v", m)
	}
}

func TestAResultIsReadFromRedis(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.play(func(c claimed) { c.finish("first\nsecond") })
	id := f.task()
	f.awaitStatus(id, tasks.Completed)
	if got, m := f.resource(readOf("longhaul://tasks/" + id + "/result?lines=2-")); got["text"] != "second" {
		t.Errorf("got %+v", m)
	}
}

// Another's resource answers as one that never was, in every way.
func TestResourcesAreTheirOwners(t *testing.T) {
	t.Parallel()
	b, _ := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", poem)
	c.leave(b, 2, store.ArtifactPrefix+"x", "text/plain", poem)
	c.finish("head")
	other := replica(t, f.rdb, f.store, func(o *server.Options) { o.Blobs, o.Anonymous = b, server.Nobody })
	if got, m := f.resource(readOf("longhaul://tasks/" + id + "/artifacts/x")); got["text"] != poem {
		t.Fatalf("its owner's: %+v", m)
	}
	answer := func(uri string) string {
		m, r := other.ask(readOf(uri))
		if m.Error == nil || m.Error.Data["uri"] != uri {
			t.Fatalf("%s: %+v", uri, m)
		}
		return fmt.Sprintf("%d %d %s", r.status, m.Error.Code, m.Error.Message)
	}
	never := answer("longhaul://tasks/" + unknownID + "/result")
	if want := "400 -32602 resource not found"; never != want {
		t.Errorf("unknown: got %q, want %q", never, want)
	}
	for _, uri := range []string{
		"longhaul://tasks/" + id + "/result", "longhaul://tasks/" + id + "/artifacts/x", "longhaul://tasks/" + id + "/artifacts/y", "longhaul://tasks/" + id,
		"longhaul://tasks/" + id + "/result/", "longhaul://tasks/x/result", "longhaul://tasks/" + id + "/artifacts/../x", "longhaul://tasks/" + id + "/artifacts/%2e%2e/x",
		"longhaul://tasks//result", "longhaul://other",
	} {
		if got := answer(uri); got != never {
			t.Errorf("%s: got %q, want %q", uri, got, never)
		}
	}
}

// The result is the one of the attempt that ended the task: not of one that had written its object and died.
func TestAnEarlierAttemptsResultIsNotRead(t *testing.T) {
	t.Parallel()
	b, _ := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", "of the first attempt")
	c.leave(b, 2, store.ArtifactPrefix+"x", "text/plain", "of the first attempt")
	next, err := f.store.Release(f.soon(), c.Lease, store.Release{Phase: tasks.Queued})
	if err != nil {
		t.Fatal(err)
	}
	f.Dispatch(next)
	second := f.claim()
	if _, err := f.store.Remember(f.soon(), c.Lease, 3, store.BlobName(store.ArtifactPrefix+"x"), []byte(`{}`)); err == nil {
		t.Error("an attempt that is over still writes")
	}
	if _, err := f.store.Shelve(f.soon(), c.Lease); err == nil {
		t.Error("an attempt that is over still announces objects")
	}
	second.finish("of the second attempt")
	if got, m := f.resource(readOf("longhaul://tasks/" + id + "/result")); got["text"] != "of the second attempt" {
		t.Errorf("result: %+v", m)
	}
	if got, m := f.resource(readOf("longhaul://tasks/" + id + "/artifacts/x")); got["text"] != "of the first attempt" { // its link may be in what was remembered
		t.Errorf("artifact: %+v", m)
	}
}

func TestWithoutTheBlobStore(t *testing.T) {
	t.Parallel()
	b, dir := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", poem)
	c.finish("head")
	uri := "longhaul://tasks/" + id + "/result"
	without := replica(t, f.rdb, f.store)
	if m, r := without.ask(readOf(uri)); r.status != http.StatusInternalServerError || m.code() != wire.CodeInternal || !strings.Contains(m.Error.Message, "start it with -blob") {
		t.Errorf("a server without: %d %+v", r.status, m)
	}
	if err := os.RemoveAll(filepath.Join(dir, id)); err != nil {
		t.Fatal(err)
	}
	if m, r := f.ask(readOf(uri)); r.status != 400 || m.code() != wire.CodeInvalidParams {
		t.Errorf("an object that is gone: %d %+v", r.status, m)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if m, r := f.ask(readOf(uri)); r.status != http.StatusServiceUnavailable || m.code() != wire.CodeUnavailable {
		t.Errorf("a store that is away: %d %+v", r.status, m)
	}
}

// What is larger than an answer may be is read in parts, and each says where the next begins.
func TestALargeResourceIsReadInParts(t *testing.T) {
	t.Parallel()
	b, _ := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	var w strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&w, "%d %s\n", i, strings.Repeat("x", i%200))
	}
	w.WriteString(strings.Repeat("ü", 9<<20)) // a line that no answer can hold
	w.WriteString("\nend")
	whole := w.String()
	c.leave(b, 1, store.ResultName, "text/plain", whole)
	c.finish("head")
	uri := "longhaul://tasks/" + id + "/result"
	if _, m := f.resource(readOf(uri)); m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, "?lines=") {
		t.Fatalf("all at once: %+v", m)
	}
	got, parts := f.follow(uri + "?lines=1-")
	if got != whole || parts < 3 {
		t.Errorf("%d parts of %d bytes in all, want %d", parts, len(got), len(whole))
	}
	long := strings.Index(whole, "ü")
	if got, parts := f.follow(uri + "?lines=300001-300001"); got != strings.TrimSuffix(whole[long:], "end") || parts != 2 {
		t.Errorf("the long line alone: %d parts of %d bytes, want %d", parts, len(got), len(whole)-long-len("end"))
	}
}

// follow reads from part to part, as each says where the next is.
func (f *front) follow(next string) (read string, parts int) {
	f.t.Helper()
	var got strings.Builder
	for ; next != ""; parts++ {
		content, m := f.resource(readOf(next))
		if content == nil || parts > 10 {
			f.t.Fatalf("%s: %+v", next, m)
		}
		if text, ok := content["text"].(string); ok {
			got.WriteString(text)
		} else {
			part, err := base64.StdEncoding.DecodeString(content["blob"].(string))
			if err != nil {
				f.t.Fatal(err)
			}
			got.Write(part)
		}
		next, _ = content["_meta"].(obj)["dev.longhaul/next"].(string)
	}
	return got.String(), parts
}

// Half an answer is never taken for a whole one.
func TestAResourceThatBreaksOff(t *testing.T) {
	t.Parallel()
	b, dir := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", strings.Repeat("x", 1<<20))
	c.finish("head")
	if err := os.Truncate(dir+"/"+c.BlobKey(1), 300<<10); err != nil {
		t.Fatal(err)
	}
	r := f.send(f.soon(), readOf("longhaul://tasks/"+id+"/result?bytes=0-"))
	defer r.body.Close()
	if body, err := io.ReadAll(r.body); err == nil && json.Valid(body) {
		t.Errorf("a whole answer of %d bytes", len(body))
	}
}

// A store that is away is told with advice, as Redis is.
func TestABlobStoreThatIsAway(t *testing.T) {
	t.Parallel()
	b, dir := blobs(t)
	f := start(t, func(o *server.Options) { o.Blobs = b })
	id := f.task()
	c := f.claim()
	c.leave(b, 1, store.ResultName, "text/plain", poem)
	c.finish("head")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m, r := f.ask(readOf("longhaul://tasks/" + id + "/result"))
	if r.status != http.StatusServiceUnavailable || m.code() != wire.CodeUnavailable || m.Error.Data["retryAfterMs"] != 2000.0 {
		t.Errorf("%d %+v", r.status, m)
	}
}
