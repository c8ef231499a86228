package worker_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

// keeps gives a worker the rig's blob store.
func (r *rig) keeps(o *worker.Options) { o.Blobs = r.blobs }

func logged(l *logbook) func(*worker.Options) {
	return func(o *worker.Options) { o.Logger = slog.New(slog.NewTextHandler(l, nil)) }
}

// given is a stored result as clients read it.
type given struct {
	Content []struct {
		Type, Text, URI, Name, MIMEType string
		Size                            int64
	}
	StructuredContent json.RawMessage
	IsError           bool
}

func givenOf(t *testing.T, task *tasks.Task) (g given) {
	t.Helper()
	if err := json.Unmarshal(task.Result, &g); err != nil {
		t.Fatalf("%s: %v", task.Result, err)
	}
	return g
}

// object reads what a task has left.
func (r *rig) object(id tasks.ID, name string) string {
	r.t.Helper()
	o, err := r.store.Blob(r.t.Context(), id, name)
	if err != nil {
		r.t.Fatal(err)
	}
	in, err := r.blobs.Read(r.t.Context(), o.Key, 0, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	defer in.Close()
	content, err := io.ReadAll(in)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(content)
}

func lines(n int) string { return strings.Repeat("a line of thirty bytes or so…\n", n) }

func TestALargeResultBecomesALink(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		text := lines(20_000)
		reg := tool("large", func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			return &tasks.Result{Content: []mcp.Content{
				&mcp.TextContent{Text: text}, &mcp.ImageContent{Data: make([]byte, 100<<10), MIMEType: "image/png"}, &mcp.ImageContent{Data: []byte("small"), MIMEType: "image/png"},
			}, IsError: true}, nil
		})
		r.start(reg, r.keeps)
		task := r.untilStatus(r.create("large", `{}`, tasks.Policy{}), tasks.Completed)
		g := givenOf(t, task)
		uri := "longhaul://tasks/" + string(task.ID) + "/result"
		if len(g.Content) != 4 || !g.IsError || task.Clean {
			t.Fatalf("got %d parts, error %t: %.300s", len(g.Content), g.IsError, task.Result)
		}
		head := g.Content[0].Text
		if len(head) > 17<<10 || !strings.HasPrefix(text, head[:16000]) || !strings.Contains(head, "of its 20000 lines: "+uri+"?lines=") {
			t.Errorf("head: %d bytes, ending %q", len(head), head[max(0, len(head)-300):])
		}
		if l := g.Content[1]; l.Type != "resource_link" || l.URI != uri || l.MIMEType != "text/plain" || l.Size != int64(len(text)) {
			t.Errorf("link: %+v", l)
		}
		if l := g.Content[2]; l.Type != "resource_link" || l.URI != "longhaul://tasks/"+string(task.ID)+"/artifacts/result-parts/2" || l.MIMEType != "image/png" {
			t.Errorf("image: %+v", l)
		}
		if g.Content[3].Type != "image" {
			t.Errorf("a small image: %+v", g.Content[3])
		}
		if got := r.object(task.ID, store.ResultName); got != text {
			t.Errorf("the object has %d bytes, want %d", len(got), len(text))
		}
	})
}

// relayed is content as a relay passes it on.
type relayed struct {
	mcp.Content
	raw string
}

func (r *relayed) MarshalJSON() ([]byte, error) { return []byte(r.raw), nil }

func TestALargeResultThatIsRelayedBecomesALink(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		text := lines(600_000) // more than Redis would take
		quoted, _ := json.Marshal(text)
		image := base64.StdEncoding.EncodeToString(make([]byte, 100<<10))
		reg := tool("large", func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			return &tasks.Result{Content: []mcp.Content{
				&relayed{raw: `{"type":"text","text":` + string(quoted) + `}`}, &relayed{raw: `{"type":"image","mimeType":"image/png","data":"` + image + `"}`},
				&relayed{raw: `{"type":"odd","odd":1}`}, &relayed{raw: `{"type":"image","mimeType":"image/png","data":"AAAA","odd":2}`},
			}}, nil
		})
		r.start(reg, r.keeps)
		task := r.untilStatus(r.create("large", `{}`, tasks.Policy{}), tasks.Completed)
		var kinds []string
		for _, c := range givenOf(t, task).Content {
			kinds = append(kinds, c.Type)
		}
		if got := strings.Join(kinds, " "); got != "text resource_link resource_link odd image" || !strings.Contains(string(task.Result), `"odd":2`) {
			t.Errorf("got %s: %.300s", got, task.Result)
		}
		if got := r.object(task.ID, store.ResultName); got != text {
			t.Errorf("the object has %d bytes, want %d", len(got), len(text))
		}
	})
}

// A result without what its output schema promises is none: that stays, and the text that repeats it is cut.
func TestWhatASchemaPromisesStays(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		type out struct{ Lines string }
		reg := tool("promised", func(_ context.Context, _ *tasks.Attempt, in struct{ N int }) (out, error) {
			return out{lines(in.N)}, nil
		})
		tasks.AddTool(reg, tasks.Tool{Name: "free", Description: "x"}, func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			return &tasks.Result{Structured: out{lines(20_000)}, Content: tasks.Text("short").Content}, nil
		})
		r.start(reg, r.keeps)
		g := givenOf(t, r.untilStatus(r.create("promised", `{"N":20000}`, tasks.Policy{}), tasks.Completed))
		var kept out
		if err := json.Unmarshal(g.StructuredContent, &kept); err != nil || kept.Lines != lines(20_000) || len(g.Content) != 2 || len(g.Content[0].Text) > 17<<10 || g.Content[1].MIMEType != "application/json" {
			t.Errorf("promised: %d bytes structured, %v, %d parts", len(g.StructuredContent), err, len(g.Content))
		}
		g = givenOf(t, r.untilStatus(r.create("free", `{}`, tasks.Policy{}), tasks.Completed))
		if g.StructuredContent != nil || len(g.Content) != 2 || !strings.HasSuffix(g.Content[0].URI+g.Content[1].URI, "/artifacts/result-parts/structured.json") {
			t.Errorf("not promised: %+v", g)
		}
	})
}

// What a schema promises cannot go to the blob store, so it can be too large with one, too.
func TestMoreThanRedisTakesIsPromised(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		type out struct{ Lines string }
		reg := tool("promised", func(_ context.Context, _ *tasks.Attempt, in struct{ N int }) (out, error) {
			return out{strings.Repeat("x", in.N)}, nil
		})
		r.start(reg, r.keeps)
		most := r.create("promised", `{"N":16000000}`, tasks.Policy{})
		over := r.create("promised", `{"N":17000000}`, tasks.Policy{})
		if g := givenOf(t, r.untilStatus(most, tasks.Completed)); len(g.StructuredContent) < 16_000_000 {
			t.Errorf("what Redis takes: %d bytes of structured content", len(g.StructuredContent))
		}
		task := r.untilStatus(over, tasks.Failed)
		if said := task.Error.Message; !strings.Contains(said, "what its output schema promises cannot be left out") || strings.Contains(said, "-blob") {
			t.Errorf("got %s", said)
		}
	})
}

func TestWithoutABlobStoreTheErrorNamesTheFlag(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := tool("large", func(_ context.Context, _ *tasks.Attempt, in struct{ N int }) (*tasks.Result, error) {
			return tasks.Text(strings.Repeat("x", in.N)), nil
		})
		tasks.AddTool(reg, tasks.Tool{Name: "artifact", Description: "x"}, func(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
			_, err := a.Artifact(ctx, "x", "", strings.NewReader("x"))
			if a.CanKeep() || !errors.Is(err, tasks.ErrNoBlobStore) {
				t.Errorf("Artifact: got %v", err)
			}
			return nil, err
		})
		r.start(reg)
		if task := r.untilStatus(r.create("large", `{"N":17000000}`, tasks.Policy{}), tasks.Failed); !strings.Contains(task.Error.Message, "-blob") {
			t.Errorf("too large: %v", task.Error)
		}
		if g := givenOf(t, r.untilStatus(r.create("large", `{"N":1000000}`, tasks.Policy{}), tasks.Completed)); len(g.Content[0].Text) != 1_000_000 {
			t.Errorf("large: %d bytes", len(g.Content[0].Text))
		}
		if g := givenOf(t, r.untilStatus(r.create("artifact", `{}`, tasks.Policy{Attempts: 5}), tasks.Completed)); !g.IsError || !strings.Contains(g.Content[0].Text, "-blob") {
			t.Errorf("artifact: %+v", g)
		}
	})
}

// endless is a stream of n bytes that nobody has at once.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(e.n, int64(len(p)))
	e.n -= n
	return int(n), nil
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func TestAnArtifactIsStreamed(t *testing.T) { // not beside other tests: the heap is that of all
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		r := newRig(t, o, store.Options{})
		const size = 256 << 20
		var most atomic.Uint64
		reg := tool("leave", func(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
			runtime.GC()
			before := heap()
			watched := io.TeeReader(&endless{n: size}, writerFunc(func([]byte) { most.Store(max(most.Load(), heap())) }))
			link, err := a.Artifact(ctx, "a/b.bin", "application/octet-stream", watched)
			if err != nil {
				return nil, err
			}
			most.Store(most.Load() - min(before, most.Load()))
			return &tasks.Result{Content: []mcp.Content{link}}, nil
		})
		r.start(reg, r.keeps)
		task := r.untilStatus(r.create("leave", `{}`, tasks.Policy{}), tasks.Completed)
		g := givenOf(t, task)
		if g.Content[0].Size != size || g.Content[0].URI != "longhaul://tasks/"+string(task.ID)+"/artifacts/a/b.bin" {
			t.Errorf("got %s", task.Result)
		}
		if most.Load() > 64<<20 {
			t.Errorf("the heap grew by %d bytes", most.Load())
		}
	})
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// While the blob store is away the result is kept, and the task goes on being worked at.
func TestABlobStoreThatIsAwayIsWaitedFor(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := tool("large", func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			if err := errors.Join(os.RemoveAll(r.dir), os.WriteFile(r.dir, nil, 0o600)); err != nil { // it is no directory any more
				return nil, err
			}
			return tasks.Text(lines(20_000)), nil
		})
		var log logbook
		r.start(reg, r.keeps, logged(&log))
		task := r.create("large", `{}`, tasks.Policy{})
		r.eventually("the first tries", func() bool { return log.has("cannot write to the blob store, trying on") })
		if now, err := r.store.Get(t.Context(), task.ID); err != nil || now.Status != tasks.Working {
			t.Fatalf("meanwhile: %+v, %v", now, err)
		}
		if err := errors.Join(os.Remove(r.dir), os.Mkdir(r.dir, 0o700)); err != nil {
			t.Fatal(err)
		}
		r.untilStatus(task, tasks.Completed)
		if got := r.object(task.ID, store.ResultName); got != lines(20_000) {
			t.Errorf("the object has %d bytes", len(got))
		}
	})
}

func TestACancelledTaskIsNotWrittenForEver(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := tool("large", func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			return tasks.Text(lines(20_000)), errors.Join(os.RemoveAll(r.dir), os.WriteFile(r.dir, nil, 0o600))
		})
		var log logbook
		r.start(reg, r.keeps, logged(&log))
		task := r.create("large", `{}`, tasks.Policy{})
		r.eventually("the first tries", func() bool { return log.has("cannot write to the blob store, trying on") })
		if err := r.store.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		r.eventually("the end of the attempt", func() bool { return log.has("attempt ended") })
	})
}

// When a task is forgotten, so is all that any attempt of it has written.
func TestForgettingDeletesObjects(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := tool("leave", func(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
			link, err := a.Artifact(ctx, "x", "text/plain", strings.NewReader("of attempt "+string(rune('0'+a.Number()))))
			if err != nil || a.Number() == 1 {
				return nil, errors.New("again")
			}
			return &tasks.Result{Content: []mcp.Content{link, &mcp.TextContent{Text: lines(20_000)}}}, nil
		}, tasks.Policy{Attempts: 2, Backoff: 1})
		r.start(reg, r.keeps)
		task := r.untilStatus(r.create("leave", `{}`, tasks.Policy{Attempts: 2, Backoff: 1, Retention: 2e9}), tasks.Completed)
		if got := r.object(task.ID, store.ArtifactPrefix+"x"); got != "of attempt 2" {
			t.Errorf("got %q", got)
		}
		r.eventually("its objects are gone", func() bool { return len(left(t, r.dir)) == 0 })
		r.eventually("nothing of it is in Redis", func() bool {
			for _, key := range r.rdb.Keys(t.Context(), "*").Val() {
				if strings.Contains(key, string(task.ID)) || strings.HasSuffix(key, ":blobs") {
					return false
				}
			}
			return true
		})
	})
}

// A worker that does not hear that a task has ended may write an object of it when all that there was of it is deleted.
func TestWhatIsWrittenForAForgottenTaskIsDeleted(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		kept, forgotten, returned := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		reg := tool("leave", func(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
			_, err := a.Artifact(ctx, "early", "text/plain", strings.NewReader("early"))
			close(kept)
			<-forgotten
			_, late := a.Artifact(ctx, "late", "text/plain", strings.NewReader("late"))
			returned <- errors.Join(err, late)
			return nil, late
		})
		r.start(reg, r.keeps, r.deaf)
		task := r.create("leave", `{}`, tasks.Policy{Retention: 1e6})
		<-kept
		if err := r.store.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		r.eventually("the task is forgotten", func() bool {
			_, err := r.store.Get(t.Context(), task.ID)
			return errors.Is(err, tasks.ErrNotFound)
		})
		close(forgotten)
		if err := <-returned; !errors.Is(err, tasks.ErrLost) && !errors.Is(err, tasks.ErrCancelled) {
			t.Errorf("the tool heard %v", err)
		}
		if names := left(t, r.dir); len(names) > 0 {
			t.Errorf("left behind: %q", names)
		}
	})
}

// deaf gives a worker a watcher that hears nothing: what becomes of its tasks it is told by its beats.
func (r *rig) deaf(o *worker.Options) {
	o.Watcher = r.store.NewWatcher()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.t.Cleanup(func() { _ = o.Watcher.Run(ctx) }) // which closes it
}

func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			names = append(names, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}
