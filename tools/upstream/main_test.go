package upstream_test

import (
	"os"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// serverVariable makes this binary the server of a test instead of its tests.
const serverVariable = "UPSTREAM_TEST_SERVER"

func TestMain(m *testing.M) {
	if flavour := os.Getenv(serverVariable); flavour != "" {
		serve(flavour)
		return
	}
	redistest.Main(m)
}
