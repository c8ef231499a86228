package launch

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/embedded"
	"github.com/longhaul-mcp/longhaul/internal/redisdial"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
)

// withStore are the parts of a process that has little but a store, and what ends that store.
func withStore(t *testing.T) (p *parts, end func()) {
	t.Helper()
	e, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	ro, err := redisdial.Options(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	p = new(parts)
	t.Cleanup(p.close)
	rdb := p.client(ro)
	if p.store, err = store.Open(t.Context(), rdb, store.Options{}); err != nil {
		t.Fatal(err)
	}
	p.watcher, p.dispatcher = p.store.NewWatcher(), keeper.NewDispatcher(p.store, queue.New(rdb), slog.New(slog.DiscardHandler))
	return p, e.Close
}

// says is how the process answers, short and verbose.
func says(t *testing.T, p *parts) (code int, short, verbose string) {
	t.Helper()
	get := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.ready(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ready"+query, nil))
		return w
	}
	w, v := get(""), get("?verbose")
	if w.Code != v.Code || !json.Valid(v.Body.Bytes()) || v.Header().Get("Content-Type") != "application/json" {
		t.Errorf("short: %d %s; verbose: %d %s", w.Code, w.Body, v.Code, v.Body)
	}
	return w.Code, strings.TrimSpace(w.Body.String()), strings.TrimSpace(v.Body.String())
}

// A worker is ready while Redis answers, until it is told to stop.
func TestAWorkersReadiness(t *testing.T) {
	t.Parallel()
	p, end := withStore(t)
	if code, short, verbose := says(t, p); code != http.StatusOK || short != "ready" || verbose != `{"ready":true,"draining":false,"store":"answers"}` {
		t.Errorf("at work: %d %s %s", code, short, verbose)
	}
	p.config = &configuration{path: "x.yaml"}
	p.config.refuse(errBlank)
	if code, _, verbose := says(t, p); code != http.StatusOK || !strings.Contains(verbose, `"config":{"file":"x.yaml","refused":"the file is empty`) {
		t.Errorf("a file that is refused: %d %s", code, verbose)
	}
	p.stopping.Store(true)
	if code, short, verbose := says(t, p); code != http.StatusServiceUnavailable || short != "stopping" || !strings.Contains(verbose, `"ready":false,"draining":true`) {
		t.Errorf("stopping: %d %s %s", code, short, verbose)
	}
	p.stopping.Store(false)
	end()
	if code, short, verbose := says(t, p); code != http.StatusServiceUnavailable || short != "Redis does not answer" || !strings.Contains(verbose, `"ready":false,"draining":false,"store":"does not answer"`) {
		t.Errorf("without Redis: %d %s %s", code, short, verbose)
	}
}

// A front end tells of its file, too.
func TestAFrontEndsReadinessHasItsFile(t *testing.T) {
	t.Parallel()
	p, _ := withStore(t)
	var err error
	if p.front, err = server.New(server.Options{Store: p.store, Watcher: p.watcher, Dispatcher: p.dispatcher}); err != nil {
		t.Fatal(err)
	}
	p.config = &configuration{path: "x.yaml"}
	if _, short, verbose := says(t, p); strings.Contains(short, "x.yaml") || !strings.Contains(verbose, `"config":{"file":"x.yaml"}`) {
		t.Errorf("%s %s", short, verbose)
	}
}
