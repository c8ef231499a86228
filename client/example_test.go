package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
)

func Example() {
	server := anyServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.Dial(ctx, server.URL, client.Options{
		Changed: func(t client.Task) { log.Println(t.Status, t.Message) },
		Stuck:   time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	result, err := c.Call(ctx, "greet", map[string]any{"name": "Ada"}, client.CallOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text())
	// Output: hello Ada
}

func anyServer() *httptest.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "any", Version: "1"}, nil)
	type in struct {
		Name string `json:"name"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "greet"}, func(_ context.Context, _ *mcp.CallToolRequest, in in) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello " + in.Name}}}, nil, nil
	})
	return httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{Stateless: true}))
}
