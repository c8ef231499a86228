package redistest

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// databases is how many tests can use the shared server before the first database is emptied and given out again.
const databases = 4096

// shared is the test binary's one server. It has to be global: tests of a package know nothing of each other.
var shared server

// server starts its process when the first test asks for it.
type server struct {
	mu      sync.Mutex
	process *process
	dir     string
	last    int // the database given out last
}

func (s *server) options(t testing.TB) *redis.UniversalOptions {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		if err := s.start(t.Context()); err != nil {
			t.Fatalf("start the shared redis-server: %v", err)
		}
	}
	s.last = s.last%(databases-1) + 1
	opts := options(s.process.addr)
	opts.DB = s.last
	flush := redis.NewUniversalClient(opts)
	defer flush.Close()
	if err := flush.FlushDB(t.Context()).Err(); err != nil {
		t.Fatalf("empty database %d: %v", opts.DB, err)
	}
	return opts
}

func (s *server) start(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		return err
	}
	p, err := startAnywhere(ctx, dir, "--save", "", "--appendonly", "no", "--databases", strconv.Itoa(databases))
	if err != nil {
		_ = os.RemoveAll(dir)
		return err
	}
	s.process, s.dir = p, dir
	return nil
}

func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	s.process.kill()
	_ = os.RemoveAll(s.dir)
	s.process = nil
}

func options(addr string) *redis.UniversalOptions {
	return &redis.UniversalOptions{Addrs: []string{addr}, ContextTimeoutEnabled: true}
}
