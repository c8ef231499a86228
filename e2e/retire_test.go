package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A tool outlives its workers in the list, until an operator retires it.
func TestARetiredTool(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	echo := one(image.Echo, tasks.Policy{})
	worker := f.Image(echo)
	c.AwaitTool(t, "echo")
	worker.Terminate()
	worker.ExitCode()
	if c.Tools(t)["echo"] == nil {
		t.Error("not listed any more, though its workers may only be scaled to zero")
	}

	news := c.Listen(t, true)
	news.Next() // it is acknowledged
	retire(t, 2, "no tool ecko is listed: did you mean echo?", "-redis", f.URL(), "ecko")
	retire(t, 0, "echo is not listed any more", "-redis", f.URL(), "echo")
	if m := news.Next(); m.Method != "notifications/tools/list_changed" {
		t.Errorf("%s, want word of the list", m)
	}
	if c.Tools(t)["echo"] != nil {
		t.Error("still listed")
	}
	retire(t, 2, "no tool echo is listed", "-redis", f.URL(), "echo")

	f.Image(echo)
	c.AwaitTool(t, "echo")
	retire(t, 0, `{"retired":["echo"]}`, "-json", "-redis", f.URL(), "echo")
}

// Resources outlive the workers that their server is behind, too.
func TestARetiredServer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	resources := func() int {
		var list struct{ Resources []rig.Object }
		if err := c.Do(t.Context(), "resources/list", nil, &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Resources)
	}
	worker := f.Worker("-config", configured(t, "servers:\n"+with(stdio("up", "read"), resourceVariable, "note://x")))
	c.AwaitTool(t, "up_read")
	rig.Await(t, "the resource", func() bool { return resources() == 1 })
	worker.Kill()
	retire(t, 2, "no server upp is listed: did you mean up?", "-server", "-redis", f.URL(), "upp")
	retire(t, 0, "the resources and prompts of up are not listed any more", "-server", "-redis", f.URL(), "up")
	rig.Await(t, "the list to change", func() bool { return resources() == 0 })
	retire(t, 0, "up_read is not listed any more", "-redis", f.URL(), "up_*")
}

func TestRetiringWithoutRedis(t *testing.T) {
	t.Parallel()
	retire(t, 2, "-redis", "echo")
	retire(t, 2, "as in redis://127.0.0.1:6379", "-redis", "localhost", "echo")
	said := retire(t, 4, "Redis does not answer", "-redis", "redis://:secret@"+rig.FreePort(t), "echo")
	if strings.Contains(said, "secret") || strings.Count(said, "\n") != 1 {
		t.Errorf("it said more than one line, or the password: %s", said)
	}
}

// retire runs the command, and returns what it said.
func retire(t *testing.T, code int, says string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), rig.Longhaul(t), append([]string{"admin", "retire"}, args...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	_ = cmd.Run() // the code says it
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(said.String(), says) {
		t.Errorf("%v: exit code %d, %s; want %d, %q", args, got, &said, code, says)
	}
	return said.String()
}
