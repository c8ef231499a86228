package redistest

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Server is a redis-server of one test's own. Its methods fail the test when they cannot do what they say; they are
// called by the test's goroutine.
type Server struct {
	t       testing.TB
	args    []string
	dir     string
	process *process
}

// Private starts a redis-server for this test alone and ends it with the test. It persists nothing unless the arguments
// say so, for example "--appendonly", "yes". Without a redis-server the test is skipped: no other store can be killed.
func Private(t testing.TB, args ...string) *Server {
	t.Helper()
	if !installed(t) {
		t.Skip("needs a redis-server on the PATH that it can kill and freeze")
	}
	s := &Server{t: t, args: slices.Concat([]string{"--save", "", "--appendonly", "no"}, args), dir: t.TempDir()}
	p, err := startAnywhere(t.Context(), s.dir, s.args...)
	if err != nil {
		t.Fatal(err)
	}
	s.process = p
	t.Cleanup(func() { s.process.kill() })
	return s
}

// Addr is the server's host and port: the same ones after a restart.
func (s *Server) Addr() string { return s.process.addr }

// Options leads to the server's first database.
func (s *Server) Options() *redis.UniversalOptions { return options(s.process.addr) }

// Client makes a client of the server that is closed with the test.
func (s *Server) Client(t testing.TB) redis.UniversalClient {
	t.Helper()
	return Open(t, s.Options())
}

// Freeze stops the server where it stands: connections stay open, nothing is answered.
func (s *Server) Freeze() { s.check("freeze", s.process.freeze()) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.check("thaw", s.process.thaw()) }

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() { s.process.kill() }

// Stop ends the server in good order.
func (s *Server) Stop() {
	s.check("stop", s.process.terminate())
	<-s.process.exited
}

// Restart starts the server again on its port and directory. If it still runs, it is killed first.
func (s *Server) Restart() {
	s.t.Helper()
	s.process.kill()
	p, err := start(s.t.Context(), s.process.port(), s.dir, s.args...)
	s.check("restart", err)
	s.process = p
}

func (s *Server) check(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s redis-server: %v", what, err)
	}
}
