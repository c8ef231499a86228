package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
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
	t.Cleanup(p.kill)
	return p.addr
}
