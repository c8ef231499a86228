// The worker runs the built-in tools as durable tasks that servers on the same Redis hand out.
package main

import (
	"github.com/longhaul-mcp/longhaul/launch"
	"github.com/longhaul-mcp/longhaul/tools"
)

func main() { launch.Worker(tools.Builtin) }
