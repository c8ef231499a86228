package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/store"
)

// The SDK's own client, as it speaks to servers of 2025-11-25.
func TestTheSDKsClientInASession(t *testing.T) {
	t.Parallel()
	f := start(t)
	var progressed atomic.Int64
	client := mcp.NewClient(&mcp.Implementation{Name: "sdk", Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"asked": r.Params.Message}}, nil
		},
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { progressed.Add(1) },
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	transport := &mcp.StreamableClientTransport{Endpoint: f.http.URL, HTTPClient: f.http.Client()}
	x, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if x.ID() == "" || x.InitializeResult().ProtocolVersion != "2025-11-25" {
		t.Fatalf("session %q, %+v", x.ID(), x.InitializeResult())
	}
	list, err := x.ListTools(ctx, nil)
	if err != nil || len(list.Tools) != len(catalogue)+len(handles) {
		t.Fatalf("got %+v, %v", list, err)
	}
	f.play(func(c claimed) {
		c.progress(1, 2, "asking")
		c.finish("got " + string(c.await("name")))
	})
	params := &mcp.CallToolParams{Name: "any"}
	params.SetProgressToken("p")
	result, err := x.CallTool(ctx, params)
	if err != nil || len(result.Content) != 1 || result.Content[0].(*mcp.TextContent).Text != `got {"action":"accept","content":{"asked":"name?"}}` {
		t.Errorf("got %+v, %v", result, err)
	}
	if progressed.Load() == 0 {
		t.Error("no progress was heard")
	}
	id := x.ID()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.UseSession(t.Context(), id); !errors.Is(err, store.ErrNoSession) {
		t.Errorf("the session outlived its client: %v", err)
	}
}
