// Longhaul is the command line client: it calls tools on MCP servers and waits for them, however long they take.
package main

import (
	"os"

	"github.com/longhaul-mcp/longhaul/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
