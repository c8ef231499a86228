package npm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

const (
	packages  = "node_modules/@modelcontextprotocol/"
	installed = "../../.cache/node/node_modules/node/bin/node" // by .ci/tools
	oldest    = 22
)

// node is the Node that the clients run on. Without it, or without them, the test is skipped, or fails where they must be there.
func node(t *testing.T) string {
	t.Helper()
	bin, err := find(t.Context())
	switch {
	case err == nil:
		return bin
	case os.Getenv("LONGHAUL_REQUIRE_NPM") == "1":
		t.Fatalf("LONGHAUL_REQUIRE_NPM is set: %v", err)
	default:
		t.Skipf("needs the clients and Node %d: %v", oldest, err)
	}
	return ""
}

func find(ctx context.Context) (string, error) {
	for _, name := range []string{"client", "ext-tasks", "inspector", "sdk", "server-everything", "server-filesystem"} {
		if _, err := os.Stat(packages + name); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	bin, err := exec.LookPath("node")
	if err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, bin, "--version").Output()
	if err != nil {
		return "", err
	}
	var major int
	if _, err := fmt.Sscanf(string(version), "v%d.", &major); err != nil || major < oldest {
		return "", fmt.Errorf("%s is Node %s", bin, bytes.TrimSpace(version))
	}
	return bin, nil
}

// run runs Node, and returns what it printed and how it ended.
func run(t *testing.T, script string, args ...string) (out []byte, code int) {
	t.Helper()
	if _, err := os.Stat(script); err != nil { // also so that go test knows what its result depends on
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node(t), append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // what a client keeps there is not this machine's
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	t.Logf("node %s %s\n%s%s", script, strings.Join(args, " "), out, said.Bytes())
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return out, cmd.ProcessState.ExitCode()
}

// read reads the JSON that Node printed.
func read(t *testing.T, out []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(out, v); err != nil {
		t.Fatalf("not one line of JSON: %v", err)
	}
}
