package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// newLibrary is a server made with the SDK that has more than tools. All have the same names and URIs.
func newLibrary(name string) *mcp.Server {
	o := &mcp.ServerOptions{
		CompletionHandler: func(_ context.Context, r *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{name + " " + r.Params.Ref.Name + r.Params.Ref.URI}}}, nil
		},
		SupportedProtocolVersions: revisions(),
	}
	if os.Getenv("MUTE") == "" {
		o.SubscribeHandler = func(context.Context, *mcp.SubscribeRequest) error { return nil }
		o.UnsubscribeHandler = func(context.Context, *mcp.UnsubscribeRequest) error { return nil }
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "library", Version: "1"}, o)
	read := func(_ context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		if r.Params.URI == "repo://none/data" {
			return nil, mcp.ResourceNotFoundError(r.Params.URI)
		}
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: r.Params.URI, Text: name + " has " + r.Params.URI}}}, nil
	}
	s.AddResource(&mcp.Resource{Name: "readme", URI: "repo://readme", Meta: mcp.Meta{"k": "v"}}, read)
	s.AddResourceTemplate(&mcp.ResourceTemplate{Name: "data", URITemplate: "repo://{id}/data"}, read)
	s.AddResourceTemplate(&mcp.ResourceTemplate{Name: "slow", URITemplate: "slow://{+dir}"}, readSlowly)
	s.AddPrompt(&mcp.Prompt{Name: "review", Arguments: []*mcp.PromptArgument{{Name: "of"}}}, review)
	link := func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{
			&mcp.ResourceLink{URI: "repo://readme", Name: "readme"}, &mcp.ResourceLink{URI: "https://example.com/", Name: "web"}, embedded(),
		}}, nil, nil
	}
	mcp.AddTool(s, &mcp.Tool{Name: "link"}, link)
	mcp.AddTool(s, &mcp.Tool{Name: "wait"}, func(ctx context.Context, _ *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
		mark(v.Dir, "began")
		<-ctx.Done()
		return nil, nil, ctx.Err()
	})
	mcp.AddTool(s, &mcp.Tool{Name: "grow"}, func(_ context.Context, _ *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
		if v.Text == "prompt" {
			s.AddPrompt(&mcp.Prompt{Name: "new"}, review)
		} else {
			s.AddResource(&mcp.Resource{Name: "new", URI: "repo://new"}, read)
		}
		return nil, nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "write"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ in) (*mcp.CallToolResult, any, error) {
		return nil, nil, s.ResourceUpdated(ctx, &mcp.ResourceUpdatedNotificationParams{URI: "repo://readme"})
	})
	return s
}

// readSlowly lasts until nobody wants it any more.
func readSlowly(ctx context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	mark(strings.TrimPrefix(r.Params.URI, "slow://"), "began")
	<-ctx.Done()
	return nil, ctx.Err()
}

// serveOldLibrary speaks 2024-11-05 by hand, and answers each request when it can.
func serveOldLibrary() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct{ URI string }
		}
		_ = json.Unmarshal(lines.Bytes(), &m)
		result := map[string]any{
			"initialize":               object{"protocolVersion": "2024-11-05", "serverInfo": object{"name": "old"}, "capabilities": object{"resources": object{}}},
			"tools/list":               object{"tools": []object{}},
			"resources/list":           object{"resources": []object{{"uri": "repo://readme", "name": "readme"}}},
			"resources/templates/list": object{"resourceTemplates": []object{}},
			"resources/read":           object{"contents": []object{{"uri": m.Params.URI, "text": "inside"}}},
		}[m.Method]
		if dir, slow := strings.CutPrefix(m.Params.URI, "slow://"); slow {
			mark(dir, "began")
			continue
		}
		if result == nil {
			result = object{}
		}
		if m.ID != nil && m.Method != "server/discover" {
			b, _ := json.Marshal(object{"jsonrpc": "2.0", "id": m.ID, "result": result})
			fmt.Printf("%s\n", b)
		} else if m.ID != nil {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}`+"\n", m.ID)
		}
	}
}

func embedded() *mcp.EmbeddedResource {
	return &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "repo://readme", Text: "inside"}}
}

func review(_ context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	if r.Params.Arguments["of"] == "" {
		return nil, errors.New("nothing to review")
	}
	return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{
		{Role: "user", Content: &mcp.TextContent{Text: r.Params.Name + " " + r.Params.Arguments["of"]}}, {Role: "user", Content: embedded()},
	}}, nil
}

func serveLibrary(t *testing.T, name string, sessions bool) string {
	s := newLibrary(name)
	h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{
		Stateless: !sessions, PropagateRequestCancellation: true,
	}))
	t.Cleanup(func() {
		h.Close()
		for session := range s.Sessions() {
			_ = session.Close()
		}
	})
	return h.URL
}

// everyLibrary runs a test with two such servers in each of the ways to speak to them.
func everyLibrary(t *testing.T, o upstream.Options, test func(t *testing.T, r *rig)) {
	t.Parallel()
	for way, server := range map[string]func(t *testing.T, name string) upstream.Server{
		"stdio": func(_ *testing.T, name string) upstream.Server { return program(name, "library", "LIBRARY="+name) },
		"stdio 2025-11-25": func(_ *testing.T, name string) upstream.Server {
			return program(name, "library", "LIBRARY="+name, "REVISION=2025-11-25")
		},
		"stdio 2024-11-05": func(_ *testing.T, name string) upstream.Server {
			return program(name, "library", "LIBRARY="+name, "REVISION=2024-11-05")
		},
		"HTTP": func(t *testing.T, name string) upstream.Server {
			return upstream.Server{Name: name, URL: serveLibrary(t, name, false)}
		},
		"HTTP sessions": func(t *testing.T, name string) upstream.Server {
			return upstream.Server{Name: name, URL: serveLibrary(t, name, true)}
		},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, o, server(t, "one"), server(t, "My_2")))
		})
	}
}
