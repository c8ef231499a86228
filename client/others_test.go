package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
)

type input struct {
	Text string `json:"text"`
}

// sdkServer is a server made with the SDK: not Longhaul, without tasks.
func sdkServer(t *testing.T, stateless bool) string {
	s := mcp.NewServer(&mcp.Implementation{Name: "sdk", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo"}, func(ctx context.Context, r *mcp.CallToolRequest, in input) (*mcp.CallToolResult, any, error) {
		if token := r.Params.GetProgressToken(); token != nil {
			_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: 1, Total: 2, Message: "half"})
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: in.Text}}}, nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "ask"}, func(ctx context.Context, r *mcp.CallToolRequest, _ any) (*mcp.CallToolResult, any, error) {
		e, ok := r.Params.InputResponses["name"].(*mcp.ElicitResult)
		if !ok {
			return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"name": &mcp.ElicitParams{Message: "Who?"}}}, nil, nil
		}
		name, _ := e.Content["name"].(string)
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello " + name}}}, nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "log"}, func(ctx context.Context, r *mcp.CallToolRequest, _ any) (*mcp.CallToolResult, any, error) {
		for _, level := range []mcp.LoggingLevel{"debug", "warning"} {
			_ = r.Session.Log(ctx, &mcp.LoggingMessageParams{Level: level, Data: "careful"}) //nolint:staticcheck // deprecated, not gone
		}
		return &mcp.CallToolResult{}, nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "grow"}, func(context.Context, *mcp.CallToolRequest, any) (*mcp.CallToolResult, any, error) {
		mcp.AddTool(s, &mcp.Tool{Name: "grown"}, func(context.Context, *mcp.CallToolRequest, any) (*mcp.CallToolResult, any, error) {
			return nil, nil, nil
		})
		return &mcp.CallToolResult{}, nil, nil
	})
	h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{Stateless: stateless}))
	t.Cleanup(h.Close)
	return h.URL
}

func TestServersMadeWithTheSDK(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stateless bool
		revision  string
	}{"stateless": {true, "2026-07-28"}, "with sessions": {false, "2025-11-25"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var half atomic.Bool
			c, err := client.Dial(t.Context(), sdkServer(t, test.stateless), client.Options{
				Changed: func(t client.Task) { half.Store(t.Progress.Done == 1 && t.Message == "half") },
				Answer: func(context.Context, client.Question) (client.Answer, error) {
					return client.Accept(object{"name": "Ada"}), nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.Server(); got.Revision != test.revision || got.Name != "sdk" {
				t.Errorf("%+v", got)
			}
			list, err := c.Tools(t.Context())
			if err != nil || len(list) != 4 || list[0].Name != "ask" {
				t.Errorf("%+v, %v", list, err)
			}
			r, err := c.Call(t.Context(), "echo", input{"words"}, client.CallOptions{})
			if err != nil || r.Text() != "words" || !half.Load() {
				t.Errorf("%+v, %v, progress %v", r, err, half.Load())
			}
			if r, err = c.Call(t.Context(), "ask", nil, client.CallOptions{}); err != nil || r.Text() != "hello Ada" {
				t.Errorf("%+v, %v", r, err)
			}
			if _, err := c.Call(t.Context(), "nothing", nil, client.CallOptions{}); err == nil || !strings.Contains(err.Error(), "nothing") {
				t.Error(err)
			}
		})
	}
}

// What a tool logs is told, whichever way a revision has to ask for it.
func TestWhatAToolLogsIsTold(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"2026-07-28": true, "2025-11-25": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []string
			c, err := client.Dial(t.Context(), sdkServer(t, stateless), client.Options{
				Log: func(level string, data json.RawMessage) { told = append(told, level+" "+string(data)) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.Server().Revision; got != name {
				t.Errorf("speaks %s", got)
			}
			if _, err := c.Call(t.Context(), "log", nil, client.CallOptions{}); err != nil || len(told) != 1 || told[0] != `warning "careful"` {
				t.Errorf("%v, %q", err, told)
			}
		})
	}
}

// A change of the list is told, whichever way a revision has for it.
func TestAListThatChangesIsTold(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"2026-07-28": true, "2025-11-25": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := client.Dial(t.Context(), sdkServer(t, stateless), client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, stop := context.WithCancelCause(t.Context())
			told, ended := make(chan struct{}, 10), make(chan error, 1)
			go func() { ended <- c.WatchLists(ctx, func() { told <- struct{}{} }) }()
			<-told
			if _, err := c.Call(t.Context(), "grow", nil, client.CallOptions{}); err != nil {
				t.Fatal(err)
			}
			<-told
			enough := errors.New("enough")
			stop(enough)
			if err := <-ended; !errors.Is(err, enough) {
				t.Error(err)
			}
		})
	}
	t.Run("not told", func(t *testing.T) {
		t.Parallel()
		for _, s := range []*script{newScript(t, nil), newLegacy(t, map[string]func(*query){"GET": func(q *query) { q.w.WriteHeader(http.StatusMethodNotAllowed) }})} {
			if err := s.dial(client.Options{}).WatchLists(t.Context(), func() {}); !errors.Is(err, client.ErrNoWatch) {
				t.Error(err)
			}
		}
	})
}
