package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// seen is how a worker sees a server, as longhaul admin servers tells it.
type seen struct{ Worker, Server, State, Reason string }

func adminServers(t *testing.T, f *rig.Fleet) (list []seen) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), rig.Longhaul(t), "admin", "servers", "-json", "-redis", f.URL()).Output()
	var answer struct{ Servers []seen }
	if err != nil || json.Unmarshal(out, &answer) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return answer.Servers
}

// of is what the worker in a process says.
func of(list []seen, w *rig.Process) (s seen) {
	for _, v := range list {
		if strings.Contains(v.Worker, ":"+strconv.Itoa(w.PID())+":") {
			s = v
		}
	}
	return s
}

// A program is killed behind one of two workers, cannot be started, and comes back; then a worker dies. Operators see it in one place, and
// no client's list changes.
func TestServersAreSeenFromOnePlace(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("programs are found by their environment on Linux alone")
	}
	f := rig.New(t)
	s := f.Server("-ops-addr", "127.0.0.1:0")
	c := s.Client(t)
	mark, away := filepath.Base(t.TempDir())+t.Name(), filepath.Join(t.TempDir(), "away")
	entry := stdio("up", "read")
	one := f.Worker("-config", configured(t, "servers:\n"+with(with(entry, markVariable, mark), awayVariable, away)))
	two := f.Worker("-config", configured(t, "servers:\n"+entry))
	c.AwaitTool(t, "up_read")
	line := func() string { return strings.Join(verbose(t, s.Process).Servers, "\n") }
	rig.Await(t, "both to have it up", func() bool { return line() == "up: up on 2 of 2 workers" })
	news := c.Listen(t, true)
	news.Next() // it is acknowledged

	if err := os.WriteFile(away, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, word := range marked(t, mark) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have gone with the one before
	}
	rig.Await(t, "a call to find it down", func() bool {
		c.Call(t, "up_read", rig.Object{})
		return of(adminServers(t, f), one).State == "down"
	})
	list := adminServers(t, f)
	if v := of(list, one); v.Server != "up" || !strings.Contains(v.Reason, "no licence key") && !strings.Contains(v.Reason, "killed") {
		t.Errorf("%+v", v)
	}
	if v := of(list, two); v.State != "up" || v.Reason != "" {
		t.Errorf("%+v", v)
	}
	if got := line(); !strings.HasPrefix(got, "up: up on 1 of 2 workers; down on "+of(list, one).Worker+": ") {
		t.Errorf("a front end says %q", got)
	}

	if err := os.Remove(away); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, "a call to find it up", func() bool {
		c.Call(t, "up_read", rig.Object{})
		return line() == "up: up on 2 of 2 workers"
	})
	two.Kill()
	rig.Await(t, "the dead worker to vanish", func() bool { return line() == "up: up on 1 of 1 workers" })
	one.Terminate()
	one.ExitCode()
	if list := adminServers(t, f); len(list) > 0 {
		t.Errorf("nobody runs, and %+v is seen", list)
	}
	news.Drop()
	for m := range news.C {
		t.Errorf("a client was told %s", m)
	}
}
