package redistest

import (
	"os"
	"os/exec"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/embedded"
)

// New is a client of an empty database that belongs to this test alone. It is closed when the test ends.
func New(t testing.TB) redis.UniversalClient {
	t.Helper()
	return Open(t, Options(t))
}

// Open makes a client that is closed when the test ends.
func Open(t testing.TB, opts *redis.UniversalOptions) redis.UniversalClient {
	t.Helper()
	c := redis.NewUniversalClient(opts)
	t.Cleanup(func() { _ = c.Close() }) // a test may have closed it itself
	return c
}

// Options leads to an empty database that belongs to this test alone, for tests that need several clients of it.
func Options(t testing.TB) *redis.UniversalOptions {
	t.Helper()
	if !installed(t) {
		return embeddedOptions(t)
	}
	return shared.options(t)
}

// Each runs the test on a real Redis, as "redis", and on the embedded store, as "embedded", each time with the options
// of an empty database. Without a redis-server it runs on the embedded store only.
func Each(t *testing.T, test func(t *testing.T, opts *redis.UniversalOptions)) {
	t.Helper()
	if installed(t) {
		t.Run("redis", func(t *testing.T) { test(t, shared.options(t)) })
	}
	t.Run("embedded", func(t *testing.T) { test(t, embeddedOptions(t)) })
}

func embeddedOptions(t testing.TB) *redis.UniversalOptions {
	t.Helper()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &redis.UniversalOptions{Addrs: []string{s.Addr()}, Password: s.Password(), ContextTimeoutEnabled: true}
}

const binary = "redis-server"

// installed says whether there is a redis-server to start, and ends the test if there must be one.
func installed(t testing.TB) bool {
	t.Helper()
	_, err := exec.LookPath(binary)
	if err != nil && os.Getenv("LONGHAUL_REQUIRE_REDIS") == "1" {
		t.Fatalf("LONGHAUL_REQUIRE_REDIS is set: %v", err)
	}
	return err == nil
}
