package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// echo is an entry of tools: a command that says something.
func echo(name, words string) string {
	return fmt.Sprintf("  - {name: %s, command: [echo, %s]}\n", name, words)
}

func says(t *testing.T, c *rig.Client, tool string) string {
	t.Helper()
	return strings.TrimSpace(c.Await(t, c.Call(t, tool, rig.Object{}).ID, "completed").Result.Text())
}

func lists(t *testing.T, c *rig.Client, name string) bool {
	t.Helper()
	_, ok := c.Tools(t)[name]
	return ok
}

// A worker that was told to do without the built-in tools has those of its file alone: none before there are some.
func TestToolsOfTheFileAlone(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	file := configured(t, "tools: []\n")
	f.Worker("-builtin-tools=false", "-config", file).Line("it names no tools and no servers")
	c := f.Server().Client(t)
	rewrite(t, file, "tools:\n"+echo("first", "first of all"))
	c.AwaitTool(t, "first")
	if got := says(t, c, "first"); got != "first of all" || len(c.Tools(t)) != 1 {
		t.Errorf("it says %q, and listed are %v", got, c.Tools(t))
	}
}

// A file that is edited while a task runs: the task ends as the tool that it began as, and all else is as the file says now.
func TestAnEditedFile(t *testing.T) {
	t.Parallel()
	f, g := rig.New(t), newGate(t)
	began := g.path + ".began"
	slow := fmt.Sprintf("  - name: slow\n    command: [sh, -c, 'touch %s; until test -e %s; do sleep 0.1; done; echo first']\n", began, g.path)
	file := configured(t, "tools:\n"+slow+echo("going", "still here")+"servers:\n"+stdio("up", "read"))
	f.Worker("-config", file)
	c := f.Server().Client(t)
	for _, name := range []string{"slow", "going", "up_read"} {
		c.AwaitTool(t, name)
	}
	heard := c.Listen(t, true)
	running := c.Call(t, "slow", rig.Object{})
	rig.Await(t, "the task runs", func() bool { _, err := os.Stat(began); return err == nil })

	rewrite(t, file, "tools:\n"+echo("slow", "second")+"  - {name: coming, command: [echo, new], policy: {queue: heavy}}\nservers:\n"+stdio("other", "read"))
	c.AwaitTool(t, "coming")
	c.AwaitTool(t, "other_read")
	rig.Await(t, "what is gone is not listed", func() bool { return !lists(t, c, "going") && !lists(t, c, "up_read") })
	for m := range heard.C {
		if m.Method == "notifications/tools/list_changed" {
			break
		}
	}
	for tool, want := range map[string]string{"slow": "second", "coming": "new", "other_read": "this is read"} {
		if got := says(t, c, tool); got != want {
			t.Errorf("%s says %q, want %q", tool, got, want)
		}
	}
	g.open()
	if got := strings.TrimSpace(c.Await(t, running.ID, "completed").Result.Text()); got != "first" {
		t.Errorf("the task that ran says %q, want %q", got, "first")
	}
}

// A file with a mistake changes nothing, and says so. SIGHUP has a file read at once, also one that is as it was.
func TestAFileThatIsRefused(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	file := configured(t, "tools:\n"+echo("one", "still here"))
	w := f.Worker("-config", file, "-ops-addr", "127.0.0.1:0")
	c := f.Server().Client(t)
	c.AwaitTool(t, "one")

	rewrite(t, file, "tools:\n"+echo("two", "new")+"  - {name: three}\n")
	w.Line("the configuration is refused", file+":3:6: command is missing")
	if n := w.Gauge("longhaul_config_last_reload_successful"); n != 0 {
		t.Errorf("the metric says %g", n)
	}
	if state := verbose(t, w); !strings.Contains(state.Config.Refused, "command is missing") || !state.Ready {
		t.Errorf("%+v", state)
	}
	if got := says(t, c, "one"); got != "still here" || lists(t, c, "two") {
		t.Errorf("one says %q; two is listed: %v", got, lists(t, c, "two"))
	}

	rewrite(t, file, "")
	w.Line("the configuration is refused", "the file is empty")
	if !lists(t, c, "one") {
		t.Error("an emptied file took a tool away")
	}

	rewrite(t, file, "tools:\n"+echo("two", "new"))
	w.Signal(syscall.SIGHUP)
	c.AwaitTool(t, "two")
	rig.Await(t, "the old one is not listed", func() bool { return !lists(t, c, "one") })
	if n := w.Gauge("longhaul_config_last_reload_successful"); n != 1 {
		t.Errorf("the metric says %g", n)
	}
	reloads := strings.Count(w.Said(), "configuration reloaded")
	w.Signal(syscall.SIGHUP)
	rig.Await(t, "it to be read again", func() bool { return strings.Count(w.Said(), "configuration reloaded") > reloads })
}

// operational is what the ops door says.
type operational struct {
	Ready    bool
	Config   struct{ Refused string }
	Upstream []struct {
		Server, Error string
		Up            bool
		Tools         int
		Warnings      []string
	}
	Servers []string
}

func verbose(t *testing.T, w *rig.Process) (state operational) {
	t.Helper()
	var up struct{ Ops string }
	if err := json.Unmarshal([]byte(w.Line(` is up"`)), &up); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, up.Ops+"/ready?verbose", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || json.Unmarshal(body, &state) != nil {
		t.Fatalf("%s, %v", body, err)
	}
	return state
}

// Those who run a worker see which of its servers are down, and which have other tools than its file says.
func TestAServerThatIsDownIsSeen(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	w := f.Worker("-ops-addr", "127.0.0.1:0", "-config", configured(t, "servers:\n"+stdio("up", "read", "    deny: [raed]\n")+"  - {name: away, url: 'http://127.0.0.1:1/mcp'}\n"))
	state := verbose(t, w)
	if s := state.Upstream; !state.Ready || len(s) != 2 || !s[0].Up || s[0].Tools != 1 || s[1].Up || s[1].Error == "" || s[1].Server != "away" {
		t.Errorf("%+v", state)
	}
	if got := strings.Join(state.Upstream[0].Warnings, "; "); got != "deny: raed matches no tool of up: did you mean read?" {
		t.Errorf("warnings: %q", got)
	}
	if up, away := w.Gauge(`longhaul_upstream_up{server="up"}`), w.Gauge(`longhaul_upstream_up{server="away"}`); up != 1 || away != 0 {
		t.Errorf("the metrics say %g and %g", up, away)
	}
}

// Kubernetes mounts a ConfigMap as links, and changes it by swapping the directory that they lead to.
func TestAConfigMapThatIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := func(name, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		rewrite(t, filepath.Join(dir, name, "longhaul.yaml"), text)
		if err := os.Symlink(name, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "tools:\n"+echo("one", "first"))
	file := filepath.Join(dir, "longhaul.yaml")
	if err := os.Symlink("..data/longhaul.yaml", file); err != nil {
		t.Fatal(err)
	}
	f := rig.New(t)
	f.Worker("-config", file)
	c := f.Server().Client(t)
	c.AwaitTool(t, "one")
	version("..2", "tools:\n"+echo("two", "second"))
	c.AwaitTool(t, "two")
	rig.Await(t, "the old one is not listed", func() bool { return !lists(t, c, "one") })
}

// Front ends read their part again, too.
func TestClientsAreDescribedAnew(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	file := configured(t, "clients:\n  - {name: hasty, hold: 1h}\n")
	s := f.Server("-config", file, "-hold", "1h")
	f.Image(one(image.Hold, tasks.Policy{}))
	s.Client(t).AwaitTool(t, "hold")
	rewrite(t, file, "clients:\n  - {name: hasty, hold: 100ms}\n")
	s.Line("configuration reloaded")
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	g := newGate(t)
	result, err := connected(ctx, t, s.URL, "hasty", nil).CallTool(ctx, &mcp.CallToolParams{Name: "hold", Arguments: g.arguments()})
	if err != nil {
		t.Fatal(err)
	}
	if handle, _ := result.StructuredContent.(map[string]any); handle["taskId"] == nil {
		t.Errorf("no handle: %+v", result)
	}
	g.open()
}
