package rig

import (
	"net/http"
	"slices"
	"sync"
	"testing"
)

// Balancer sends each request to another server than the one before, as a load balancer without sticky sessions does.
type Balancer struct {
	t  testing.TB
	to *http.Transport

	mu      sync.Mutex
	servers []*Server // the next one first
}

// NewBalancer makes a balancer that ends with the test.
func NewBalancer(t testing.TB, servers ...*Server) *Balancer {
	b := &Balancer{t: t, to: &http.Transport{}, servers: slices.Clone(servers)}
	t.Cleanup(b.to.CloseIdleConnections)
	return b
}

// URL is an endpoint, whichever server serves it.
func (b *Balancer) URL() string { return "http://balancer/mcp" }

// RoundTrip sends a request to the server whose turn it is.
func (b *Balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = b.turn().Host()
	r.Host = r.URL.Host // servers answer to their own names only
	return b.to.RoundTrip(r)
}

func (b *Balancer) turn() *Server {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.servers[0]
	b.servers = append(b.servers[1:], first)
	return first
}

// Add has requests go to another server too.
func (b *Balancer) Add(s *Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = append(b.servers, s)
}

// Kill ends the server at that host as kill -9 does. No request goes there any more.
func (b *Balancer) Kill(host string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.servers, func(s *Server) bool { return s.Host() == host })
	if i < 0 {
		b.t.Fatalf("no server at %q", host)
	}
	b.servers[i].Kill()
	b.servers = slices.Delete(b.servers, i, i+1)
}
