// Package npm holds the tests in which clients from npm call tools through the product's own binaries. Its scripts are what a host that
// uses such a client would do; each prints what the client saw, and the tests say what that should be. package.json has the versions.
//
//	.ci/tools clients && go test ./e2e/npm
package npm
