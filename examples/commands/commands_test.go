package commands_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/configfile"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/worker"
)

func TestMain(m *testing.M) {
	command.Supervise()
	redistest.Main(m)
}

// configured is the tool of longhaul.yaml with that name.
func configured(t testing.TB, name string) command.Command {
	t.Helper()
	f, err := configfile.Read("longhaul.yaml", configfile.Options{Works: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Tools {
		if c.Tool.Name == name {
			return c
		}
	}
	t.Fatalf("longhaul.yaml has no %s", name)
	return command.Command{}
}

func reindex(t testing.TB, env map[string]string, p tasks.Policy) command.Command {
	c := configured(t, "reindex")
	c.Env, c.Tool.Policy = env, p
	return c
}

// stage is a worker that serves one command, and what it takes to call it.
type stage struct {
	t       *testing.T
	store   *store.Store
	watcher *store.Watcher
	out     *keeper.Dispatcher
	tool    *tasks.Registered
}

func newStage(t *testing.T, opts *redis.UniversalOptions, c command.Command) *stage {
	t.Helper()
	c.Root = t.TempDir()
	var reg tasks.Registry
	if err := command.Add(&reg, c); err != nil {
		t.Fatal(err)
	}
	if err := reg.Err(); err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewUniversalClient(opts)
	t.Cleanup(func() { rdb.Close() })
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, log := queue.New(rdb), slog.New(slog.DiscardHandler)
	s := &stage{t: t, store: st, watcher: st.NewWatcher(), out: keeper.NewDispatcher(st, q, log)}
	s.tool, _ = reg.Lookup(c.Tool.Name)
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	w := worker.New(worker.Options{
		Registry: &reg, Store: st, Watcher: s.watcher, Queue: queue.NewServer(redis.NewUniversalClient(opts)), Dispatcher: s.out, Name: "w",
		Logger: log, Drain: 10 * time.Millisecond,
	}, prometheus.NewRegistry())
	parts.Go(func() { _ = s.watcher.Run(ctx) })
	parts.Go(func() { _ = keeper.New(st, q, "keeper", log).Run(ctx) })
	parts.Go(func() { _ = w.Run(ctx) })
	t.Cleanup(func() { stop(); parts.Wait(); s.out.Wait() })
	return s
}

func (s *stage) create(args map[string]any) *tasks.Task {
	s.t.Helper()
	doc, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	if doc, err = s.tool.Input.Fill(doc); err != nil {
		s.t.Fatal(err)
	}
	task, _, err := s.store.Create(s.t.Context(), store.NewTask{
		ID: s.store.NewID(tasks.Local, ""), Tool: s.tool.Name, Owner: tasks.Local, Arguments: doc,
		Policy: s.tool.Policy.WithDefaults("default"), Capabilities: tasks.Capabilities{tasks.CanFillForms},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.out.Dispatch(task.Delivery)
	return task
}

// until waits for a task to be as wanted.
func (s *stage) until(task *tasks.Task, what string, ok func(*tasks.Task) bool) *tasks.Task {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), rig.Patience)
	defer cancel()
	watch, err := s.watcher.Watch(ctx, task.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	defer watch.Close()
	for {
		u, err := watch.Next(ctx)
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", what, err)
		}
		if u.Task != nil && ok(u.Task) {
			return u.Task
		}
	}
}

func (s *stage) answer(task *tasks.Task, key, answer string) {
	s.t.Helper()
	next, err := s.store.Answer(s.t.Context(), task.ID, map[string]json.RawMessage{key: []byte(answer)})
	if err != nil {
		s.t.Fatal(err)
	}
	if next != nil {
		s.out.Dispatch(*next)
	}
}

func (s *stage) result(task *tasks.Task, words ...string) {
	s.t.Helper()
	ended := s.until(task, "its end", func(t *tasks.Task) bool { return t.Status.Terminal() })
	for _, w := range words {
		if !strings.Contains(string(ended.Result), w) {
			s.t.Errorf("%q is missing in %s %.2000s", w, ended.Status, ended.Result)
		}
	}
}

// library is a directory with so many texts.
func library(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		text := fmt.Sprintf("every text has a number, this one is %s", strings.Repeat("x", i))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func needs(t *testing.T, program string) {
	t.Helper()
	_, err := exec.LookPath(program)
	switch {
	case err == nil:
	case os.Getenv("LONGHAUL_REQUIRE_PYTHON") == "1":
		t.Fatalf("LONGHAUL_REQUIRE_PYTHON is set: %v", err)
	default:
		t.Skip(err)
	}
}

func TestLargest(t *testing.T) {
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		s := newStage(t, opts, configured(t, "largest"))
		s.result(s.create(map[string]any{"directory": library(t, 12), "count": 2}), `48\t11.txt\n47\t10.txt\n"`)
		s.result(s.create(map[string]any{"directory": "/no/such/directory"}), `"isError":true`, "ended with exit status", "No such directory")
		s.result(s.create(map[string]any{"directory": "-delete"}), `"isError":true`, "taken for an option")
	})
}

func TestArchive(t *testing.T) {
	needs(t, "tar")
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		s := newStage(t, opts, configured(t, "archive"))
		s.result(s.create(map[string]any{"directory": library(t, 3), "exclude": []string{"01*"}}),
			`./00.txt\n./02.txt\n`, `"name":"archive.tar.gz"`, "application/")
	})
}

func TestReindexGoesOnFromItsCheckpoint(t *testing.T) {
	needs(t, "python3")
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		s := newStage(t, opts, reindex(t, map[string]string{"REINDEX_FAILS_AT": "20"}, tasks.Policy{Attempts: 2, Backoff: time.Millisecond}))
		task := s.create(map[string]any{"directory": library(t, 35)})
		s.result(task, `"structuredContent":{"artifacts":`, `"files":35`, `"words":42`, `"resumed":20`, `"name":"index.json"`, `\"every\": 35`)
		ended := s.until(task, "its end", func(t *tasks.Task) bool { return t.Status.Terminal() })
		if ended.Delivery.Attempt != 2 || ended.Progress.Done != 35 {
			t.Errorf("attempt %d, progress %+v", ended.Delivery.Attempt, ended.Progress)
		}
	})
}

func TestReindexAsks(t *testing.T) {
	needs(t, "python3")
	for name, test := range map[string]struct {
		park   time.Duration
		answer string
		want   string
	}{
		"while it waits":     {time.Hour, `{"action":"accept","content":{}}`, `"files":3`},
		"while it is parked": {time.Millisecond, `{"action":"accept","content":{}}`, `"files":3`},
		"and is refused":     {time.Hour, `{"action":"decline"}`, "nobody agreed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
				s := newStage(t, opts, reindex(t, nil, tasks.Policy{Park: test.park}))
				task := s.create(map[string]any{"directory": library(t, 3), "full": true})
				s.until(task, "the question", func(x *tasks.Task) bool {
					return x.Status == tasks.InputRequired && (test.park == time.Hour || x.Phase == tasks.Parked)
				})
				s.answer(task, "full", test.answer)
				s.result(task, test.want)
			})
		})
	}
}

func TestLettersGoOnAfterTheLastOneThatWasWritten(t *testing.T) {
	needs(t, "python3")
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		s := newStage(t, opts, configured(t, "letters"))
		task := s.create(map[string]any{"names": []string{"Ada", "Grace"}})
		s.until(task, "the question", func(x *tasks.Task) bool { return x.Status == tasks.InputRequired })
		s.answer(task, "sure", `{"action":"accept","content":{}}`)
		s.result(task, `Dear Ada\nDear Grace\n`, `"structuredContent":{"written":2}`)
	})
	second := exec.CommandContext(t.Context(), "python3", "letters.py")
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(checkpoint, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	second.Env = append(os.Environ(), "LONGHAUL_CHECKPOINT="+checkpoint)
	second.Stdin = strings.NewReader(`{"names":["Ada","Grace"]}` + "\n" + `{"key":"sure","action":"accept","content":{}}` + "\n")
	said, err := second.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), "Dear Grace\n") || strings.Contains(string(said), "Dear Ada") || !strings.Contains(string(said), `{"written": 1}`) {
		t.Errorf("after a checkpoint it says\n%s", said)
	}
}

// asked waits for the task to ask.
func (s *stage) asked(task *tasks.Task) {
	s.t.Helper()
	s.until(task, "the question", func(x *tasks.Task) bool { return x.Status == tasks.InputRequired })
}

// A file cannot be fetched at first: the attempt that follows does not fetch those before it again.
func TestFetchGoesOnFromItsCheckpoint(t *testing.T) {
	needs(t, "bash")
	needs(t, "curl")
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		var fetched sync.Map // path -> how often
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := fetched.LoadOrStore(r.URL.Path, new(atomic.Int32))
			if first := n.(*atomic.Int32).Add(1) == 1; first && r.URL.Path == "/b" {
				http.Error(w, "not yet", http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, "content of ", r.URL.Path)
		}))
		defer web.Close()
		dir := t.TempDir()
		list := filepath.Join(dir, "list")
		if err := os.WriteFile(list, []byte(web.URL+"/a\n"+web.URL+"/b\n"+web.URL+"/c\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		c := configured(t, "fetch")
		c.Tool.Policy.Backoff = time.Millisecond
		s := newStage(t, opts, c)
		task := s.create(map[string]any{"list": list, "directory": dir})
		s.asked(task)
		s.answer(task, "sure", `{"action":"accept","content":{}}`)
		s.result(task, "fetched "+web.URL+"/b", "fetched "+web.URL+"/c")
		for path, want := range map[string]int32{"/a": 1, "/b": 2, "/c": 1} {
			if n, ok := fetched.Load(path); !ok || n.(*atomic.Int32).Load() != want {
				t.Errorf("%s was fetched another number of times than %d", path, want)
			}
		}
		if got, err := os.ReadFile(filepath.Join(dir, "3")); string(got) != "content of /c" {
			t.Errorf("the third file has %q (%v)", got, err)
		}
		task = s.create(map[string]any{"list": list, "directory": dir})
		s.asked(task)
		s.answer(task, "sure", `{"action":"decline"}`)
		s.result(task, `"isError":true`, "nobody agreed")
	})
}

func TestCountAsksByWhichField(t *testing.T) {
	needs(t, "node")
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		file := filepath.Join(t.TempDir(), "events.jsonl")
		if err := os.WriteFile(file, []byte(strings.Repeat(`{"kind":"a"}`+"\n", 1500)+`{"kind":"b"}`+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s := newStage(t, opts, configured(t, "count"))
		task := s.create(map[string]any{"file": file})
		s.asked(task)
		s.answer(task, "field", `{"action":"accept","content":{"field":"kind"}}`)
		s.result(task, `"structuredContent":{"field":"kind","counts":{"a":1500,"b":1}}`)
		task = s.create(map[string]any{"file": file})
		s.asked(task)
		s.answer(task, "field", `{"action":"cancel"}`)
		s.result(task, `"isError":true`, "nobody said which field")
	})
}

// The README shows letters.py whole, and the first tool of longhaul.yaml.
func TestReadmeShowsThese(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("letters.py")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```python\n"+string(script)+"```\n") {
		t.Error("README does not show letters.py as it is")
	}
	config, err := os.ReadFile("longhaul.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, tools, _ := strings.Cut(string(config), "\ntools:\n")
	first, _, _ := strings.Cut(tools[1:], "\n  - ")
	if first = tools[:1] + first; !strings.Contains(string(readme), "\n"+first+"\n") {
		t.Errorf("README does not show\n%s", first)
	}
}
