// Package npm holds the tests with what npm has of MCP: clients that call tools through the product's own binaries, and servers whose tools
// are relayed. Its scripts are what a host that uses such a client would do; each prints what the client saw, and the tests say what that
// should be. package.json has the versions.
//
//	.ci/tools clients && go test ./e2e/npm
package npm
