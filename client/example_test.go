package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
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

// What a tool asks is a form to fill in, described by a JSON Schema.
func ExampleQuestion() {
	answer := func(_ context.Context, q client.Question) (client.Answer, error) { // Options.Answer
		var form struct {
			Properties map[string]struct{ Type string }
		}
		if err := json.Unmarshal(q.Schema(), &form); err != nil {
			return client.Answer{}, err
		}
		fmt.Println(q.Message(), form.Properties)
		return client.Accept(map[string]any{"flavour": "vanilla"}), nil
	}
	reply, err := answer(context.Background(), client.Question{Key: "flavour", InputRequest: tasks.InputRequest{
		Method: "elicitation/create",
		Params: json.RawMessage(`{"message":"Which flavour?","requestedSchema":{"type":"object","properties":{"flavour":{"type":"string"}}}}`),
	}})
	fmt.Println(reply.Action, reply.Content, err)
	// Output:
	// Which flavour? map[flavour:{string}]
	// accept map[flavour:vanilla] <nil>
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
