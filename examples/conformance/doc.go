// Conformance is a worker whose tools, resources and prompts are the fixtures of the official MCP conformance suite
// (npm: @modelcontextprotocol/conformance). It takes a worker's flags and is no part of the product:
//
//	go run ./cmd/server -redis redis://127.0.0.1:6379
//	go run ./examples/conformance -redis redis://127.0.0.1:6379
//	npx @modelcontextprotocol/conformance server --url http://127.0.0.1:8080/mcp --requirements 2026-07-28
//
// Names, arguments and texts are the suite's. What is not passed would stand in baseline-*.yml, with a reason for each line.
package main
