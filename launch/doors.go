package launch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/longhaul-mcp/longhaul/server"
)

// door makes the HTTP server for MCP. Streams last for hours, so only the reading of a request has a time limit.
func door(front *server.Server) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("/mcp", front)
	mux.HandleFunc("GET /health", front.Health)
	mux.HandleFunc("GET /ready", front.Ready)
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}

// opsDoor makes the HTTP server for operators: health and metrics.
func opsDoor(p *parts) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /ready", p.ready)
	return &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
}

// opsURL returns the address of the ops door; "off" if there is none.
func (p *parts) opsURL() string {
	if p.opsListener == nil {
		return "off"
	}
	return "http://" + p.opsListener.Addr().String()
}

const probeTimeout = 3 * time.Second

// probe is a health check for images that have no other program in them.
func probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	return nil
}
