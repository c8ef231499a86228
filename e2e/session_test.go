package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// balancer tells of the streams that come back through it, and can cut them.
type balancer struct {
	*rig.Balancer
	calls chan stream
}

// stream is a response of events that is being read.
type stream struct {
	host    string
	resumed bool
	cut     context.CancelFunc
}

func balance(t *testing.T, servers ...*rig.Server) *balancer {
	return &balancer{rig.NewBalancer(t, servers...), make(chan stream, 100)}
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cut := context.WithCancel(r.Context())
	context.AfterFunc(r.Context(), cut)
	resumed := r.Header.Get("Last-Event-ID") != ""
	res, err := b.Balancer.RoundTrip(r.WithContext(ctx))
	if err == nil && res.Header.Get("Content-Type") == "text/event-stream" && (r.Method == http.MethodPost || resumed) {
		b.calls <- stream{res.Request.URL.Host, resumed, cut}
	}
	return res, err
}

// session opens one of 2025-11-25.
func (b *balancer) session(ctx context.Context, t *testing.T, o *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	x, err := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, o).Connect(ctx,
		&mcp.StreamableClientTransport{Endpoint: b.URL(), HTTPClient: &http.Client{Transport: b}},
		&mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() }) // its server may have been killed
	return x
}

// awaitTool waits until each server lists a tool.
func awaitTool(t *testing.T, tool string, servers ...*rig.Server) {
	t.Helper()
	for _, s := range servers {
		s.Client(t).AwaitTool(t, tool)
	}
}

// A client of 2025-11-25 knows one session; which server answers is not its business.
func TestASessionOnAnyServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server(), f.Server()
	f.Image(one(image.Ask, tasks.Policy{}))
	awaitTool(t, "ask", a, b)
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	defer cancel()
	balancer := balance(t, a, b)
	x := balancer.session(ctx, t, &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: rig.Object{"name": "Ada"}}, nil
		},
	})
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
	balancer.Kill(a.Host())
	greet()
}

// The client is the SDK's: it goes on with what was cut by itself.
func TestACutCallGoesOnOnAnyServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server(), f.Server()
	f.Image(one(image.Hold, tasks.Policy{}))
	awaitTool(t, "hold", a, b)
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	defer cancel()
	balancer := balance(t, a, b)
	x := balancer.session(ctx, t, nil)
	gate := newGate(t)
	answer := make(chan error, 1)
	go func() {
		result, err := x.CallTool(ctx, &mcp.CallToolParams{Name: "hold", Arguments: gate.arguments()})
		if err == nil && result.IsError {
			err = fmt.Errorf("got %+v", result.Content)
		}
		answer <- err
	}()
	next := func() stream {
		t.Helper()
		select {
		case s := <-balancer.calls:
			return s
		case err := <-answer:
			t.Fatalf("the call ended before its tool was told to: %v", err)
			return stream{}
		}
	}
	first := next()
	first.cut()
	second := next()
	if second.host == first.host || !second.resumed {
		t.Errorf("from %v to %v", first, second)
	}
	balancer.Kill(second.host)
	third := next()
	if third.host != first.host || !third.resumed {
		t.Errorf("from %v to %v", second, third)
	}
	gate.open()
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if l := f.Ledger(); len(l.Starts(l[0].Task)) != 1 || l[0].Task != l[len(l)-1].Task {
		t.Errorf("it was called again: %+v", l)
	}
}
