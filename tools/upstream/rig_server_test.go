package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type in struct {
	Text string `json:"text,omitempty"`
	Dir  string `json:"dir,omitempty"` // where a tool leaves its marks
}

type out struct {
	Echo string `json:"echo"`
	Big  int64  `json:"big"`
}

var (
	safe   = &mcp.ToolAnnotations{IdempotentHint: true}
	reads  = &mcp.ToolAnnotations{ReadOnlyHint: true, Title: "reads"}
	nobody = &mcp.ToolAnnotations{}
)

// newSDKServer is a server made with the SDK, with the tools of the tests.
func newSDKServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "sdk", Version: "1"}, &mcp.ServerOptions{SupportedProtocolVersions: revisions()})
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Title: "Echo", Description: "Says it again", Annotations: reads, Meta: mcp.Meta{"k": "v"}}, echo)
	mcp.AddTool(s, &mcp.Tool{Name: "fail", Annotations: nobody}, func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, any, error) {
		return nil, nil, errors.New("no such page")
	})
	mcp.AddTool(s, &mcp.Tool{Name: "refuse"}, func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, any, error) {
		return nil, nil, &jsonrpc.Error{Code: -32603, Message: "out of order"}
	})
	mcp.AddTool(s, &mcp.Tool{Name: "ask", Annotations: safe}, ask)
	mcp.AddTool(s, &mcp.Tool{Name: "wait", Annotations: safe}, func(ctx context.Context, _ *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
		mark(v.Dir, "began")
		<-ctx.Done()
		mark(v.Dir, "cancelled")
		return nil, nil, ctx.Err()
	})
	for name, annotations := range map[string]*mcp.ToolAnnotations{"die": nobody, "die_safely": safe} {
		mcp.AddTool(s, &mcp.Tool{Name: name, Annotations: annotations}, die)
	}
	mcp.AddTool(s, &mcp.Tool{Name: "grow"}, func(ctx context.Context, _ *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
		mcp.AddTool(s, &mcp.Tool{Name: "grown"}, echo)
		return nil, nil, marked(ctx, v.Dir, "seen")
	})
	return s
}

// revisions are those that a program of a test speaks: one, or as many as the SDK does.
func revisions() []string {
	if only := os.Getenv("REVISION"); only != "" {
		return []string{only}
	}
	return nil
}

func echo(ctx context.Context, r *mcp.CallToolRequest, v in) (*mcp.CallToolResult, out, error) {
	if token := r.Params.GetProgressToken(); token != nil {
		_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: 1, Total: 4, Message: "a quarter"})
	}
	_ = r.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "warning", Data: "careful"}) //nolint:staticcheck // deprecated, not gone
	return &mcp.CallToolResult{
		Meta: mcp.Meta{"mine": "kept"},
		Content: []mcp.Content{
			&mcp.TextContent{Text: v.Text, Meta: mcp.Meta{"block": true}}, &mcp.ResourceLink{URI: "file:///x", Name: "x"},
		},
	}, out{v.Text, 42}, nil
}

func ask(_ context.Context, r *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
	mark(v.Dir, "asked")
	e, ok := r.Params.InputResponses["name"].(*mcp.ElicitResult)
	if !ok {
		return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"name": &mcp.ElicitParams{Message: "Who?"}}}, nil, nil
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint(e.Action, " ", e.Content["name"])}}}, nil, nil
}

// die ends the program at its first call, and answers at the next.
func die(_ context.Context, _ *mcp.CallToolRequest, v in) (*mcp.CallToolResult, any, error) {
	if marks(v.Dir, "died") == 0 {
		mark(v.Dir, "died")
		fmt.Fprintln(os.Stderr, "out of memory")
		os.Exit(3)
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "alive"}}}, nil, nil
}

// mark leaves a sign that other processes see.
func mark(dir, what string) {
	if dir == "" {
		return
	}
	f, err := os.CreateTemp(dir, what+"-")
	if err == nil {
		_ = f.Close()
	}
}

func marks(dir, what string) int {
	found, _ := filepath.Glob(filepath.Join(dir, what+"-*"))
	return len(found)
}

// marked waits for a sign of another process.
func marked(ctx context.Context, dir, what string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for dir != "" && marks(dir, what) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// serve is what this binary does as a server on stdin and stdout.
func serve(flavour string) {
	if dir := os.Getenv("STARTS"); dir != "" {
		mark(dir, "start")
	}
	switch flavour {
	case "sdk":
		if err := newSDKServer().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "library":
		_ = newLibrary(os.Getenv("LIBRARY")).Run(context.Background(), &mcp.StdioTransport{})
	case "old library":
		serveOldLibrary()
	case "old":
		serveOld()
	case "notes":
		serveNotes()
	case "silent":
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "dying":
		serveDying()
	case "broken":
		fmt.Fprintln(os.Stderr, "no licence key")
		os.Exit(2)
	}
}

// serveOld speaks 2024-11-05 by hand, prints what is no message, dies of what it does not know before initialize, and asks during a call.
func serveOld() {
	lines := bufio.NewScanner(os.Stdin)
	opened := false
	send := func(v any) {
		b, _ := json.Marshal(v)
		fmt.Printf("%s\n", b)
	}
	fmt.Println("starting up")
	var call json.RawMessage
	asked := 0
	for lines.Scan() {
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Result struct {
				Action  string
				Content struct{ Name string }
			} `json:"result"`
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			os.Exit(4)
		}
		reply := func(result any) { send(object{"jsonrpc": "2.0", "id": m.ID, "result": result}) }
		switch {
		case m.Method == "initialize":
			opened = true
			reply(object{"protocolVersion": "2024-11-05", "serverInfo": object{"name": "old", "version": "1"}, "capabilities": object{}})
		case !opened:
			os.Exit(5)
		case m.Method == "tools/list":
			reply(object{"tools": []object{{"name": "ask", "inputSchema": object{}}}})
		case m.Method == "tools/call":
			call = m.ID
			send(object{"jsonrpc": "2.0", "id": "p", "method": "ping"})
			asked++
			send(object{"jsonrpc": "2.0", "id": asked, "method": "elicitation/create", "params": object{
				"message": "Who?", "requestedSchema": object{"type": "object", "properties": object{}},
			}})
		case m.Method == "" && string(m.ID) == strconv.Itoa(asked):
			send(object{"jsonrpc": "2.0", "id": call, "result": object{"content": []object{
				{"type": "text", "text": m.Result.Action + " " + m.Result.Content.Name}, {"type": "hologram", "depth": 3},
			}, "structuredContent": object{"big": int64(1<<53 + 1)}}})
		}
	}
}

type object = map[string]any

// serveHTTP serves the SDK's server over HTTP: with sessions as 2025-11-25 has them, or without as 2026-07-28 has it.
func serveHTTP(t *testing.T, sessions bool) string {
	s := newSDKServer()
	h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{
		Stateless: !sessions, PropagateRequestCancellation: true,
	}))
	t.Cleanup(func() {
		h.Close()
		for session := range s.Sessions() { // one whose opening was cut off is known to nobody else
			_ = session.Close()
		}
	})
	return h.URL
}

// script is a server over HTTP that does what a test tells it to, by method.
type script struct {
	t   *testing.T
	url string
	on  map[string]func(q *query)
}

type query struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params object          `json:"params"`
	Answer object          `json:"result"`
	r      *http.Request
	w      http.ResponseWriter
}

func newScript(t *testing.T, on map[string]func(*query)) *script {
	s := &script{t: t, on: on}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &query{r: r, w: w}
	body, _ := io.ReadAll(r.Body)
	if r.Method != http.MethodPost || json.Unmarshal(body, q) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if q.Answer != nil {
		q.Method = "answer"
	}
	if do := s.on[q.Method]; do != nil {
		do(q)
		return
	}
	if strings.HasPrefix(q.Method, "notifications/") {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	q.fail(http.StatusNotFound, -32601, "method not found")
}

func (q *query) result(v any) {
	q.write(http.StatusOK, object{"jsonrpc": "2.0", "id": q.ID, "result": v})
}

func (q *query) fail(status, code int, message string) {
	q.write(status, object{"jsonrpc": "2.0", "id": q.ID, "error": object{"code": code, "message": message}})
}

func (q *query) write(status int, v any) {
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_ = json.NewEncoder(q.w).Encode(v)
}
