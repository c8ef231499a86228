package redistest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// Main is the TestMain of a package: it runs the tests, ends the shared server, and fails if a goroutine is left over.
func Main(m *testing.M, opts ...goleak.Option) {
	redis.SetLogger(silence{}) // servers that are killed on purpose
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

// silence is a logger for the Redis client, which would tell of every lost connection.
type silence struct{}

// Printf says nothing.
func (silence) Printf(context.Context, string, ...any) {}
