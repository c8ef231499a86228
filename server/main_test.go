package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// A pool of go-redis whose server is dead tries to reach it once a second, and sees only then that it was closed.
func TestMain(m *testing.M) {
	redistest.Main(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const patience = 20 * time.Second

// front is a front end on a store of its own. The test is its worker: it takes deliveries and plays the tool.
type front struct {
	reports atomic.Int64 // of all attempts: each report has a number of its own
	*server.Server
	t          testing.TB
	http       *httptest.Server
	store      *store.Store
	watcher    *store.Watcher
	rdb        redis.UniversalClient
	deliveries chan tasks.Delivery
	serving    atomic.Int64
	position   atomic.Int64
	ctx        context.Context // of what the test plays
	playing    sync.WaitGroup
}

// ServeHTTP counts the requests that are being served.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.serving.Add(1)
	defer f.serving.Add(-1)
	f.Server.ServeHTTP(w, r)
}

// Dispatch makes the front its own queue.
func (f *front) Dispatch(d tasks.Delivery) { f.deliveries <- d }

// Position is what the test says of any task that waits; 0: that nobody can know.
func (f *front) Position(context.Context, tasks.Delivery) (int, error) {
	if n := f.position.Load(); n > 0 {
		return int(n), nil
	}
	return 0, errors.New("no queue can be seen")
}

func start(t *testing.T, change ...func(*server.Options)) *front {
	t.Helper()
	return startOn(t, redistest.Options(t), change...)
}

func startOn(t testing.TB, opts *redis.UniversalOptions, change ...func(*server.Options)) *front {
	t.Helper()
	rdb := redistest.Open(t, opts)
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Announce(t.Context(), "", catalogue); err != nil {
		t.Fatal(err)
	}
	return replica(t, rdb, st, change...)
}

// replica is one more front end on a store.
func replica(t testing.TB, rdb redis.UniversalClient, st *store.Store, change ...func(*server.Options)) *front {
	t.Helper()
	f := &front{t: t, store: st, watcher: st.NewWatcher(), rdb: rdb, deliveries: make(chan tasks.Delivery, 2000)}
	o := server.Options{
		Store: st, Watcher: f.watcher, Dispatcher: f, Anonymous: server.Local, Version: "1.2.3",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if f.Server, err = server.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- f.watcher.Run(ctx) }()
	go func() { ended <- f.Run(ctx) }()
	f.http = httptest.NewServer(f)
	f.ctx = context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		f.playing.Wait()
		f.http.CloseClientConnections()
		cancel()
		f.http.Close()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	})
	f.awaitReady()
	return f
}

func (f *front) awaitReady() {
	f.t.Helper()
	eventually(f.t, "ready", func() bool {
		w := httptest.NewRecorder()
		f.Ready(w, httptest.NewRequest("GET", "/ready", nil))
		return w.Code == http.StatusOK
	})
}

// eventually polls until ok, within the test's patience.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}

var catalogue = []tasks.Tool{
	{Name: "crawl", Description: "Crawl a site", InputSchema: raw(`{"type":"object","properties":{"url":{"type":"string"}},"required":["url"]}`)},
	{Name: "any", Description: "Takes anything", InputSchema: raw(`{"type":"object"}`)},
	{Name: "quick", Description: "Answers inline", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Inline: patience}},
	{Name: "held", Description: "Never a task", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Forbidden, Orphan: 20 * time.Millisecond}},
	{Name: "detached", Description: "Runs on", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Detach: true, Orphan: time.Millisecond}},
	{Name: "twin", Description: "Shared", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Dedupe: tasks.ByArguments, Orphan: 300 * time.Millisecond}},
	{Name: "short", Description: "Is handed out soon", InputSchema: raw(`{"type":"object"}`), OutputSchema: raw(`{"type":"object","required":["n"]}`), Policy: tasks.Policy{Hold: 20 * time.Millisecond}},
	{Name: "patient", Description: "Is held for long", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Hold: time.Hour}},
	{Name: "background", Description: "Is handed out at once", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Required}},
	{Name: "required", Description: "Only a task", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Required, Refuse: true}},
	{Name: "regional", Description: "Has headers", InputSchema: raw(`{"type":"object","properties":{
		"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}`)},
	{Name: "asks", Description: "Asks first", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Before: []tasks.Question{
		{Key: "name", Request: form("Your name?")}, {Key: "city", Request: form("Your city?")},
	}}},
}

func form(message string) tasks.InputRequest {
	return tasks.FormSchema(message, map[string]any{"type": "object", "properties": map[string]any{}})
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

type obj = map[string]any

// draft is a request that a test is about to send.
type draft struct {
	body   obj
	header http.Header
	text   string // the body as it is, if not empty
}

// modern is a valid request of revision 2026-07-28 that declares the Tasks extension and forms.
func modern(method string, params obj, change ...func(*draft)) *draft {
	params = maps.Clone(params)
	if params == nil {
		params = obj{}
	}
	params["_meta"] = obj{
		wire.MetaVersion:      wire.V20260728,
		wire.MetaClientInfo:   obj{"name": "test", "version": "1"},
		wire.MetaCapabilities: obj{"elicitation": obj{}, "extensions": obj{wire.TasksExtension: obj{}}},
	}
	d := legacy(method, params)
	d.header.Set(wire.HeaderVersion, wire.V20260728)
	d.header.Set(wire.HeaderMethod, method)
	for _, member := range []string{"name", "taskId", "uri"} {
		if v, ok := params[member].(string); ok {
			d.header.Set(wire.HeaderName, wire.EncodeHeader(v))
		}
	}
	for _, c := range change {
		c(d)
	}
	return d
}

// legacy is a request as revision 2025-11-25 sends it.
func legacy(method string, params obj) *draft {
	d := &draft{body: obj{"jsonrpc": "2.0", "id": 1, "method": method}, header: http.Header{}}
	if params != nil {
		d.body["params"] = params
	}
	d.header.Set("Content-Type", "application/json")
	d.header.Set("Accept", "application/json, text/event-stream")
	d.header.Set(wire.HeaderVersion, "2025-11-25")
	return d
}

func (d *draft) params() obj { return d.body["params"].(obj) }
func (d *draft) meta() obj   { return d.params()["_meta"].(obj) }

func plainClient(d *draft) { d.meta()[wire.MetaCapabilities] = obj{"elicitation": obj{}} }

func withMeta(name string, v any) func(*draft) { return func(d *draft) { d.meta()[name] = v } }

func withID(id any) func(*draft) { return func(d *draft) { d.body["id"] = id } }

// message is any message that comes back.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params obj             `json:"params"`
	Result obj             `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    obj    `json:"data"`
	} `json:"error"`
}

func (m message) code() int {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

// response is the answer to a draft, read message by message.
type response struct {
	t      testing.TB
	status int
	header http.Header
	body   io.ReadCloser
	lines  *bufio.Reader
	pings  int
	events []string // the ids of the events that were read
	primed int      // how many of them were empty
	retry  string   // when to come back
}

func (f *front) send(ctx context.Context, d *draft) *response {
	f.t.Helper()
	r, err := f.try(ctx, d)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *front) try(ctx context.Context, d *draft) (*response, error) {
	body := []byte(d.text)
	if d.text == "" {
		body, _ = json.Marshal(d.body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.http.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = d.header
	res, err := f.http.Client().Do(req)
	if err != nil {
		return nil, err
	}
	return newResponse(f.t, res), nil
}

func newResponse(t testing.TB, res *http.Response) *response {
	return &response{t: t, status: res.StatusCode, header: res.Header, body: res.Body, lines: bufio.NewReader(res.Body)}
}

// ask sends a request and reads its final answer.
func (f *front) ask(d *draft) (message, *response) {
	f.t.Helper()
	m, r, err := f.answer(d)
	if err != nil {
		f.t.Fatal(err)
	}
	return m, r
}

// answer is ask for any goroutine.
func (f *front) answer(d *draft) (m message, r *response, err error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	if r, err = f.try(ctx, d); err != nil {
		return m, r, err
	}
	defer r.body.Close()
	for {
		if m, err = r.read(); err != nil || m.Method == "" {
			return m, r, err
		}
	}
}

func (r *response) streamed() bool { return r.header.Get("Content-Type") == "text/event-stream" }

// next is the next message; a stream that ends first fails the test.
func (r *response) next() message {
	r.t.Helper()
	m, err := r.read()
	if err != nil {
		r.t.Fatalf("reading the response: %v", err)
	}
	return m
}

func (r *response) read() (m message, err error) {
	if !r.streamed() {
		b, err := io.ReadAll(r.lines)
		if err != nil || len(b) == 0 {
			return m, err
		}
		return m, json.Unmarshal(b, &m)
	}
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return m, err
		}
		if strings.HasPrefix(line, ": ping") {
			r.pings++
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			r.events = append(r.events, strings.TrimSpace(id))
		}
		if retry, ok := strings.CutPrefix(line, "retry: "); ok {
			r.retry = strings.TrimSpace(retry)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if ok && data == "\n" {
			r.primed++
			continue
		}
		if ok {
			return m, json.Unmarshal([]byte(data), &m)
		}
	}
}

// quiet reads on until a ping: nothing may come before it.
func (r *response) quiet() {
	r.t.Helper()
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			r.t.Fatalf("reading the response: %v", err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && data != "\n" {
			r.t.Fatalf("got %s", data)
		}
		if strings.HasPrefix(line, ": ping") {
			return
		}
	}
}

// claimed is an attempt that the test plays.
type claimed struct {
	*store.Claimed
	f *front
}

func (f *front) claim() claimed {
	f.t.Helper()
	select {
	case d := <-f.deliveries:
		c, err := f.store.Claim(f.ctx, store.Lease{Task: d.Task, Attempt: d.Attempt, Token: "t"}, "worker")
		if err != nil {
			f.t.Fatal(err)
		}
		return claimed{c, f}
	case <-time.After(patience):
		f.t.Fatal("no delivery")
		return claimed{}
	}
}

// play takes the next delivery on the side.
func (f *front) play(attempt func(c claimed)) {
	f.playing.Go(func() {
		select {
		case d := <-f.deliveries:
			c, err := f.store.Claim(f.ctx, store.Lease{Task: d.Task, Attempt: d.Attempt, Token: "t"}, "worker")
			if err != nil {
				f.t.Error(err)
				return
			}
			attempt(claimed{c, f})
		case <-time.After(patience):
			f.t.Error("no delivery")
		}
	})
}

func (c claimed) check(err error) {
	c.f.t.Helper()
	if err != nil {
		c.f.t.Error(err)
	}
}

func (c claimed) progress(done, total float64, words string) {
	c.f.t.Helper()
	_, err := c.f.store.Report(c.f.ctx, c.Lease, int(c.f.reports.Add(1)), &tasks.Progress{Done: done, Total: total, Message: words}, nil)
	c.check(err)
}

func (c claimed) log(level, words string) {
	c.f.t.Helper()
	_, err := c.f.store.Report(c.f.ctx, c.Lease, int(c.f.reports.Add(1)), nil, []store.Log{{Level: level, Message: words}})
	c.check(err)
}

func (c claimed) ask(key string) {
	c.f.t.Helper()
	c.answer(key)
}

// answer puts a question, or finds its answer.
func (c claimed) answer(key string) json.RawMessage {
	c.f.t.Helper()
	a, err := c.f.store.Question(c.f.ctx, c.Lease, tasks.Question{Key: key, Request: form(key + "?")}, true)
	c.check(err)
	return a.Answer
}

// await is answer until there is one.
func (c claimed) await(key string) (answer json.RawMessage) {
	c.f.t.Helper()
	eventually(c.f.t, "an answer to "+key, func() bool { answer = c.answer(key); return answer != nil })
	return answer
}

func (c claimed) finish(text string) {
	c.f.t.Helper()
	result, err := tasks.Text(text).Encode(nil)
	c.check(err)
	c.end(tasks.Finish, store.Outcome{Result: result, Clean: true})
}

func (c claimed) end(e tasks.Event, o store.Outcome) {
	c.f.t.Helper()
	c.check(c.f.store.Apply(c.f.ctx, c.Task, e, c.Lease, o))
}

// task creates a task through the door.
func (f *front) task(change ...func(*draft)) string {
	f.t.Helper()
	m, _ := f.ask(modern("tools/call", obj{"name": "any"}, change...))
	id, ok := m.Result["taskId"].(string)
	if !ok {
		f.t.Fatalf("no task: %+v", m)
	}
	return id
}

func (f *front) get(id string) obj {
	f.t.Helper()
	m, _ := f.ask(modern("tasks/get", obj{"taskId": id}))
	if m.Error != nil {
		f.t.Fatalf("tasks/get: %+v", m.Error)
	}
	return m.Result
}

func (f *front) awaitStatus(id string, want tasks.Status) {
	f.t.Helper()
	eventually(f.t, "status "+string(want), func() bool { return f.get(id)["status"] == string(want) })
}
