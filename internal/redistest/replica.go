package redistest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// Replica starts a server that copies another, and returns when it has all of it and confirms what is written from then on.
func Replica(t testing.TB, master *Server, args ...string) *Server {
	t.Helper()
	return ReplicaAt(t, master, master.Addr(), args...)
}

// ReplicaAt is Replica over another way to the master: a proxy.
func ReplicaAt(t testing.TB, master *Server, addr string, args ...string) *Server {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	r := Private(t, append([]string{"--replicaof", host + " " + port, "--repl-diskless-sync-delay", "0"}, args...)...)
	_, own, _ := net.SplitHostPort(r.Addr())
	master.awaitInfo("replication", "port="+own+",state=online")
	return r
}

// Follow makes the server another's replica. It keeps what it has until the other answers.
func (s *Server) Follow(addr string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	s.check("follow", err)
	c := s.Client(s.t)
	defer c.Close()
	s.check("follow", c.Do(s.t.Context(), "REPLICAOF", host, port).Err())
}

// AwaitRole waits until the server is a "master" or a "slave", as Redis says.
func (s *Server) AwaitRole(role string) {
	s.t.Helper()
	s.awaitInfo("replication", "role:"+role)
}

// Role is what the server says that it is: "" if it does not answer.
func (s *Server) Role() string {
	c := s.Client(s.t)
	defer c.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
	defer cancel()
	info, _ := c.Info(ctx, "replication").Result()
	_, rest, _ := strings.Cut(info, "role:")
	role, _, _ := strings.Cut(rest, "\r\n")
	return role
}

func (s *Server) awaitInfo(section, words string) {
	s.t.Helper()
	c := s.Client(s.t)
	defer c.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), startTimeout)
	defer cancel()
	if err := until(ctx, func() (string, bool, error) {
		info, err := c.Info(ctx, section).Result()
		if err != nil { // it may have just been started
			return err.Error(), false, nil
		}
		return info, strings.Contains(info, words), nil
	}); err != nil {
		s.t.Fatalf("redis-server on %s never said %s: %v", s.Addr(), words, err)
	}
}
