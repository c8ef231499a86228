package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// drop is a queue that takes everything.
type drop struct{}

func (drop) Dispatch(tasks.Delivery) {}

func (drop) Settle(string, tasks.ID) {}

func (drop) Position(context.Context, tasks.Delivery) (int, error) { return 0, nil }

func BenchmarkGet(b *testing.B) {
	f := startOn(b, redistest.Options(b), func(o *server.Options) { o.Dispatcher = drop{} })
	bench(b, f, modern("tasks/get", obj{"taskId": f.task()}))
}

func BenchmarkCreate(b *testing.B) {
	f := startOn(b, redistest.Options(b), func(o *server.Options) { o.Dispatcher = drop{} })
	bench(b, f, modern("tools/call", obj{"name": "crawl", "arguments": obj{"url": "/"}}))
}

func bench(b *testing.B, f *front, d *draft) {
	body := mustJSON(d.body)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
		r.Header = d.header
		w := httptest.NewRecorder()
		f.Server.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
