package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The command line client against a server and its workers, as testdata/cli tells it.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	server := f.Server()
	f.Worker("-data", samples, "-config", configured(t, "servers:\n"+stdio("near", "look")+"  - {name: away, url: 'http://127.0.0.1:1/mcp'}\n"))
	f.Image(image.Image{Name: "fixtures", Tools: []image.Tool{
		{Tool: tasks.Tool{Name: "hold", Description: "Waits for a file", InputSchema: raw(`{"type":"object","properties":{"gate":{"type":"string"}},"required":["gate"],"additionalProperties":false}`)}, Does: image.Hold},
		{Tool: tasks.Tool{Name: "pick", Description: "Takes a choice", InputSchema: raw(`{"type":"object","properties":{"level":{"enum":["high","low"]}}}`)}, Does: image.Echo},
		tool("ask", image.Ask, tasks.Policy{}),
		tool("brief", image.Ask, tasks.Policy{Before: []tasks.Question{{Key: "name", Request: tasks.Form[struct {
			Name string `json:"name"`
		}]("What is your name?")}}}),
		tool("fail", image.Fail, tasks.Policy{}),
		tool("panic", image.Panic, tasks.Policy{}),
		{Tool: tasks.Tool{Name: "tally", InputSchema: raw(`{"type":"object","properties":{"units":{"type":"integer"},"ms":{"type":"integer"}}}`), Policy: tasks.Policy{Queue: "own"}}, Does: image.Tally},
		{Tool: tasks.Tool{Name: "flaky", InputSchema: raw(`{"type":"object","properties":{"good":{"type":"integer"},"afterMs":{"type":"integer"}}}`), Policy: tasks.Policy{Attempts: 3, Queue: "own"}}, Does: image.Flaky},
	}})
	c := server.Client(t)
	for _, name := range []string{"analyze_logs", "hold", "panic", "near_look"} {
		c.AwaitTool(t, name)
	}
	bin := filepath.Dir(rig.Longhaul(t))
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/cli",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Condition:     hasShell,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("LONGHAUL_URL", server.URL)
			env.Setenv("LONGHAUL_REDIS", f.URL())
			env.Setenv("LONGHAUL_REVISION", "")
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			return nil
		},
	})
}

// hasShell is whether a shell of the condition shell:NAME is there. Where all have to be, it is an error if it is not.
func hasShell(condition string) (bool, error) {
	name, ok := strings.CutPrefix(condition, "shell:")
	if !ok {
		return false, fmt.Errorf("unknown condition %s", condition)
	}
	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("LONGHAUL_REQUIRE_SHELLS") == "1" {
		return false, fmt.Errorf("LONGHAUL_REQUIRE_SHELLS is set: %w", err)
	}
	return err == nil, nil
}
