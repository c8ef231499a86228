package launch

import (
	"context"
	"os"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// serverVariable makes this binary an MCP server on stdin and stdout instead of its tests.
const serverVariable = "LAUNCH_TEST_SERVER"

func TestMain(m *testing.M) {
	if name := os.Getenv(serverVariable); name != "" {
		s := mcp.NewServer(&mcp.Implementation{Name: name, Version: "7"}, nil)
		mcp.AddTool(s, &mcp.Tool{Name: "pid"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, map[string]int, error) {
			return nil, map[string]int{"pid": os.Getpid()}, nil
		})
		_ = s.Run(context.Background(), &mcp.StdioTransport{}) // it ends with its test
		return
	}
	redistest.Main(m)
}
