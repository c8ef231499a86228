package redistest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main is the TestMain of a package: it runs the tests, ends the shared server, and fails if a goroutine is left over.
func Main(m *testing.M, opts ...goleak.Option) {
	code := m.Run()
	shared.stop()
	if code == 0 {
		if err := goleak.Find(opts...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
