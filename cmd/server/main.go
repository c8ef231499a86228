// The server is Longhaul's MCP front end. Without -redis it runs everything in one process.
package main

import (
	"github.com/longhaul-mcp/longhaul/launch"
	"github.com/longhaul-mcp/longhaul/tools"
)

func main() { launch.Server(tools.Builtin) }
