package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// configured is a file for -config.
func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "longhaul.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// connected is a session of 2025-11-25 of a client of a name. What it hears of its calls goes to progress.
func connected(ctx context.Context, t *testing.T, url, name string, progress chan<- string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: name, Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { progress <- r.Params.Message },
	})
	x, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// Clients are held as long as the configuration says of each, and one that waits for a slot hears its place in the queue.
func TestClientsAreHeldAsConfigured(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	s := f.Server("-config", configured(t, "clients:\n  - {name: hasty, hold: 100ms}\n  - {name: patient*, hold: 1h}\n"), "-hold", "200ms")
	f.Image(one(image.Hold, tasks.Policy{}), "-concurrency", "1")
	s.Client(t).AwaitTool(t, "hold")
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	defer cancel()
	heard := make(chan string, 100)
	g := newGate(t)

	hasty, err := connected(ctx, t, s.URL, "hasty", heard).CallTool(ctx, &mcp.CallToolParams{Name: "hold", Arguments: g.arguments()})
	if err != nil {
		t.Fatal(err)
	}
	handle, _ := hasty.StructuredContent.(map[string]any)
	if id, _ := handle["taskId"].(string); id == "" {
		t.Fatalf("no handle: %+v", hasty)
	}

	answer := make(chan string, 1)
	patient := connected(ctx, t, s.URL, "patient-agent", heard)
	go func() {
		call := &mcp.CallToolParams{Name: "hold", Arguments: g.arguments()}
		call.SetProgressToken("p")
		result, err := patient.CallTool(ctx, call)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- result.Content[0].(*mcp.TextContent).Text
	}()
	rig.Await(t, "its place in the queue", func() bool {
		select {
		case words := <-heard:
			return words == "queued, position 1"
		default:
			return false
		}
	})
	rig.After(t, 400*time.Millisecond) // both other limits are over by then
	g.open()
	if got := <-answer; !strings.Contains(got, `"attempt":1`) {
		t.Errorf("got %q, want what the tool answered", got)
	}
}
