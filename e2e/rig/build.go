package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	// Only so that go test does not take a result from its cache when a program has changed.
	_ "github.com/longhaul-mcp/longhaul/internal/cli"
	_ "github.com/longhaul-mcp/longhaul/launch"
	_ "github.com/longhaul-mcp/longhaul/tools"
)

const module = "github.com/longhaul-mcp/longhaul/"

// built are the test binary's programs. It has to be global: they are built once, when the first test needs them.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// program is the path of a built program: server, worker or fixture.
func program(t testing.TB, name string) string {
	t.Helper()
	built.once.Do(func() { built.dir, built.err = build() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, name)
}

// Longhaul is the path of the command line client.
func Longhaul(t testing.TB) string { return program(t, "longhaul") }

func build() (string, error) {
	dir, err := os.MkdirTemp("", "longhaul-e2e")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir}
	if Race {
		args = append(args, "-race")
	}
	args = append(args, module+"cmd/server", module+"cmd/worker", module+"cmd/longhaul", module+"e2e/fixture")
	out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput() // every test of the process needs it
	if err != nil {
		return dir, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
}

// Main is the TestMain of a package that uses rigs: it runs the tests, removes what was built, and fails if a goroutine is left over that
// is not known.
func Main(m *testing.M, known ...goleak.Option) {
	code := m.Run()
	_ = os.RemoveAll(built.dir)
	if code == 0 {
		if err := goleak.Find(known...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
