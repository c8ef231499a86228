package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Sentinel starts a Sentinel that watches a server under the given name, and returns its address. It ends with the test. It fails over to
// a replica when the master was silent for a second.
func Sentinel(t testing.TB, master *Server, name string) string {
	t.Helper()
	return SentinelAt(t, master.Addr(), name)
}

// SentinelAt is Sentinel over another way to the master: a proxy.
func SentinelAt(t testing.TB, master, name string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	own, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %[1]d\ndir %[2]s\nsentinel monitor %[3]s %[4]s %[5]s 1\n"+
		"sentinel down-after-milliseconds %[3]s 1000\nsentinel failover-timeout %[3]s 10000\n", own, dir, name, host, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := run(t.Context(), own, []string{config, "--sentinel"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("sentinel said:\n%s", p.output.String())
		}
	})
	return p.addr
}

// AwaitReplicaKnown waits until a Sentinel knows of a replica that it can promote.
func AwaitReplicaKnown(t testing.TB, sentinel, name string) {
	t.Helper()
	ask(t, sentinel, func(ctx context.Context, c *redis.SentinelClient) (string, bool, error) {
		list, err := c.Replicas(ctx, name).Result()
		return fmt.Sprint(list), len(list) > 0 && list[0]["flags"] == "slave" && list[0]["master-link-status"] == "ok", err
	})
}

// AwaitMaster waits until a Sentinel sends clients to this server.
func (s *Server) AwaitMaster(t testing.TB, sentinel, name string) {
	t.Helper()
	ask(t, sentinel, func(ctx context.Context, c *redis.SentinelClient) (string, bool, error) {
		addr, err := c.GetMasterAddrByName(ctx, name).Result()
		return fmt.Sprint(addr), net.JoinHostPort(addr[0], addr[1]) == s.Addr(), err
	})
}

// ask asks a Sentinel until it says what the test wants to hear.
func ask(t testing.TB, sentinel string, ok func(context.Context, *redis.SentinelClient) (string, bool, error)) {
	t.Helper()
	c := redis.NewSentinelClient(&redis.Options{Addr: sentinel})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := until(ctx, func() (string, bool, error) { return ok(ctx, c) }); err != nil {
		t.Fatalf("ask sentinel: %v", err)
	}
}
