package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Sentinel starts a Sentinel that watches a server under the given name, and returns its address. It ends with the test.
func Sentinel(t testing.TB, master *Server, name string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Addr())
	if err != nil {
		t.Fatal(err)
	}
	own, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor %s %s %s 1\n", own, dir, name, host, port)
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
