package rig

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Server is a running front end.
type Server struct {
	*Process
	URL string // of its MCP endpoint
}

// Server starts a front end and waits until it serves. A -redis of its own takes the place of the fleet's.
func (f *Fleet) Server(args ...string) *Server {
	f.t.Helper()
	args = slices.Concat([]string{"-redis", f.URL(), "-addr", "127.0.0.1:0", "-ops-addr", "off"}, args)
	p := Start(f.t, f.name("server"), program(f.t, "server"), f.Env, args...)
	var up struct{ MCP string }
	if err := json.Unmarshal([]byte(p.Line(`"server is up"`)), &up); err != nil {
		f.t.Fatal(err)
	}
	s := &Server{p, up.MCP}
	s.AwaitReady()
	return s
}

// Host is where the server listens.
func (s *Server) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Host
}

// Client makes a client of the server that ends with the test.
func (s *Server) Client(t testing.TB) *Client { return NewClient(t, s.URL) }

// AwaitReady waits until the server says that it can serve.
func (s *Server) AwaitReady() {
	s.t.Helper()
	Await(s.t, s.name+" is ready", func() bool { return s.Ready(s.t) })
}

// Ready is what the server says of itself.
func (s *Server) Ready(t testing.TB) bool {
	return OK(t.Context(), strings.TrimSuffix(s.URL, "/mcp")+"/ready")
}

// plain is for GETs that no client of the protocol makes. It keeps no connection: none outlives its test.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// OK reports whether a GET is answered with 200.
func OK(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := plain.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}
