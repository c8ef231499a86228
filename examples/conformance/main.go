package main

import "github.com/longhaul-mcp/longhaul/launch"

func main() { launch.Worker(fixtures) }
