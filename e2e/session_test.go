package e2e

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// balancer sends each request to another server than the one before, as a load balancer without sticky sessions does.
type balancer struct {
	next  atomic.Int64
	hosts []string
	dead  atomic.Pointer[string]
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	host := b.hosts[int(b.next.Add(1))%len(b.hosts)]
	if dead := b.dead.Load(); dead != nil && host == *dead {
		host = b.hosts[int(b.next.Add(1))%len(b.hosts)]
	}
	r = r.Clone(r.Context())
	r.URL.Host = host
	return http.DefaultTransport.RoundTrip(r)
}

func host(t *testing.T, s *rig.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// A client of 2025-11-25 knows one session; which server answers is not its business.
func TestASessionOnAnyServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server(), f.Server()
	f.Image(one(image.Ask, tasks.Policy{}))
	balance := &balancer{hosts: []string{host(t, a), host(t, b)}}
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: rig.Object{"name": "Ada"}}, nil
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	defer cancel()
	x, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: a.URL, HTTPClient: &http.Client{Transport: balance}},
		&mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	greet := func() {
		t.Helper()
		result, err := x.CallTool(ctx, &mcp.CallToolParams{Name: "ask"})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Content[0].(*mcp.TextContent).Text; got != "hello Ada" {
			t.Errorf("got %q", got)
		}
	}
	for range 4 { // calls and answers meet both servers
		greet()
	}
	dead := host(t, a)
	balance.dead.Store(&dead)
	a.Kill()
	greet()
}
