package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestAnUnknownToolIsExplained(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := replica(t, rdb, st)
	explained := func(words string) bool {
		m, r := f.ask(modern("tools/call", obj{"name": "bake"}))
		if m.code() != wire.CodeInvalidParams || r.status != 400 || !strings.Contains(m.Error.Message, `unknown tool "bake"`) {
			t.Fatalf("got %d %+v", r.status, m)
		}
		return strings.Contains(m.Error.Message, words)
	}
	if !explained("no worker has announced any tool yet") {
		t.Error("an empty catalogue is not told")
	}
	if _, err := st.Announce(t.Context(), "", catalogue); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the tools are pointed to", func() bool { return explained("tools/list") })
}

// What a tool takes may be in words that only its own server knows: it is listed as it is, and called.
func TestAToolThatChecksItsArgumentsItself(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := replica(t, rdb, st)
	const schema = `{"type":"object","properties":{"q":{"type":"string","pattern":"^(?!x)"}}}`
	odd := tasks.Tool{Name: "odd", InputSchema: raw(schema), Unchecked: true, Icons: []mcp.Icon{{Source: "https://example.com/i.png"}}}
	if _, err := st.Announce(t.Context(), "", []tasks.Tool{odd}); err != nil {
		t.Fatal(err)
	}
	var listed string
	eventually(t, "the tool is listed", func() bool {
		m, _ := f.ask(modern("tools/list", obj{}))
		doc, err := json.Marshal(m.Result["tools"])
		listed = string(doc)
		return err == nil && strings.Contains(listed, `"odd"`)
	})
	for _, part := range []string{`"pattern":"^(?!x)"`, `"icons":[{"src":"https://example.com/i.png"}]`} {
		if !strings.Contains(listed, part) {
			t.Errorf("no %s in %s", part, listed)
		}
	}
	if m, r := f.ask(modern("tools/call", obj{"name": "odd", "arguments": obj{"q": 5}})); m.code() != 0 || r.status != 200 {
		t.Errorf("got %d %+v", r.status, m)
	}
}

// reads counts how often the catalogue was read.
type reads struct{ atomic.Int64 }

func (*reads) DialHook(next redis.DialHook) redis.DialHook { return next }
func (*reads) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (r *reads) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if args := cmd.Args(); cmd.Name() == "hgetall" && args[1] == catalogKey {
			r.Add(1)
		}
		return err
	}
}

const catalogKey = "lh:catalog"

// journal is a log that many may write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) count(words string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.buf.String(), words)
}

func TestAnOutageOfTheCatalogueIsLoggedOnce(t *testing.T) {
	t.Parallel()
	rdb, n, log := redistest.New(t), new(reads), new(journal)
	rdb.AddHook(n)
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Announce(t.Context(), "", []tasks.Tool{catalogue[1]}); err != nil {
		t.Fatal(err)
	}
	replica(t, rdb, st, func(o *server.Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const began, ended = `level=WARN msg="catalogue not read" err=`, `level=INFO msg="catalogue read again"`
	for round := 1; round <= 2; round++ {
		must(rdb.Rename(t.Context(), catalogKey, "aside").Err())
		must(rdb.Set(t.Context(), catalogKey, "no hash", 0).Err())
		must(rdb.Publish(t.Context(), catalogKey, "").Err())
		eventually(t, "the outage is told", func() bool { return log.count(began) == round })
		before := n.Load()
		eventually(t, "more reads that fail", func() bool { return n.Load() >= before+2 })
		must(rdb.Rename(t.Context(), "aside", catalogKey).Err())
		eventually(t, "the end is told", func() bool { return log.count(ended) == round })
		if log.count(began) != round {
			t.Errorf("told %d times", log.count(began))
		}
	}
}
