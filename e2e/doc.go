// Package e2e holds the tests that see the product from outside: its own binaries as processes around a real Redis, an MCP client
// before them, and faults between them.
//
//	go test ./e2e                                        about a minute
//	go test ./e2e -v -run KillWorker -args -kills 20     recovery over many kills, with its 95th percentile
//	go test ./e2e -v -run Freeze -args -freeze 45s       a long outage of Redis
package e2e
