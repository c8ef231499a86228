package cloud

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// Bucket is the name of each cloud's bucket, or container.
const Bucket = "results"

// Cloud is a server with one bucket.
type Cloud struct {
	*rig.Process
	t testing.TB

	Name string   // of its protocol
	Addr string   // where it listens
	URL  string   // of the bucket, as -blob takes it
	Env  []string // what the product needs in its environment besides
	Dir  string   // where the server has its objects, if they are files

	objects func() ([]string, error)
}

// Each runs a test on each cloud, which ends with it.
func Each(t *testing.T, test func(t *testing.T, c *Cloud)) {
	t.Helper()
	for name, start := range map[string]func(testing.TB) *Cloud{"S3": S3, "Azure": Azure, "Google": Google} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, start(t)) })
	}
}

// start runs a server and waits until it listens. Its port may be taken by another before the server has it: then it is another one.
func start(t testing.TB, name string, command func(addr, port string) (program string, args []string), env ...string) *Cloud {
	t.Helper()
	for range 5 {
		addr := rig.FreePort(t)
		_, port, _ := net.SplitHostPort(addr)
		program, args := command(addr, port)
		c := &Cloud{Process: rig.Start(t, name, program, env, args...), t: t, Name: name, Addr: addr}
		if c.awaitListening(); !c.Exited() {
			return c
		}
	}
	t.Fatalf("%s does not start", name)
	return nil
}

// awaitListening waits until the server listens, or has exited.
func (c *Cloud) awaitListening() {
	c.t.Helper()
	var dialer net.Dialer
	rig.Await(c.t, c.Name+" listens", func() bool {
		conn, err := dialer.DialContext(c.t.Context(), "tcp", c.Addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil || c.Exited()
	})
}

// Objects are the keys of what is in the bucket.
func (c *Cloud) Objects(t testing.TB) []string {
	t.Helper()
	keys, err := c.objects()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Again starts the server anew, where it was, after it was killed. Only S3 has its objects still.
func (c *Cloud) Again() {
	c.t.Helper()
	c.Process = c.Process.Again()
	c.awaitListening()
}

// Freeze stops the server where it stands, and waits until all of it does.
func (c *Cloud) Freeze() {
	c.t.Helper()
	c.Process.Freeze()
	rig.Await(c.t, c.Name+" is frozen", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", c.PID())) // the pattern is one
		return !slices.ContainsFunc(threads, runs)
	})
}

// runs: a thread is not stopped.
func runs(stat string) bool {
	line, err := os.ReadFile(stat)
	state := bytes.TrimSpace(line[bytes.LastIndexByte(line, ')')+1:])
	return err == nil && !bytes.HasPrefix(state, []byte("T"))
}

// installed is the path of something under .cache. Without it the test is skipped, or fails where it must be there.
func installed(t testing.TB, path ...string) string {
	t.Helper()
	file := filepath.Join(append([]string{root(t), ".cache"}, path...)...)
	_, err := os.Stat(file)
	switch {
	case err == nil:
		return file
	case os.Getenv("LONGHAUL_REQUIRE_CLOUDS") == "1":
		t.Fatalf("LONGHAUL_REQUIRE_CLOUDS is set: %v", err)
	default:
		t.Skipf("needs what .ci/tools clouds installs: %v", err)
	}
	return ""
}

// root is where the module is.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; !isModule(dir); dir = filepath.Dir(dir) {
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	return dir
}

func isModule(dir string) bool {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && bytes.HasPrefix(mod, []byte("module github.com/longhaul-mcp/longhaul\n"))
}
