package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A gigabyte goes through a worker and a server whose memory does not grow with it. With the race detector, which takes minutes for that, half of it does.
func TestAGigabyteThroughLittleMemory(t *testing.T) {
	t.Parallel()
	size := 1 << 30
	if rig.Race {
		size /= 2
	}
	f, dir := rig.New(t), t.TempDir()
	server := f.Server("-blob", "file://"+dir)
	c := server.Client(t)
	worker := f.Image(image.Image{Name: "leave", Tools: []image.Tool{tool("leave", image.Leave, tasks.Policy{})}}, "-blob", "file://"+dir)
	task := patiently(t, c, c.Call(t, "leave", rig.Object{"bytes": size}).ID)
	uri := "longhaul://tasks/" + task.ID + "/artifacts/big.txt"
	if got := readText(t, c, uri+fmt.Sprintf("?lines=%d-", size/64)); got != strings.Repeat("x", 63)+"\n" {
		t.Errorf("the last line: got %.100q", got)
	}
	file := filepath.Join(t.TempDir(), "copy")
	cmd := exec.CommandContext(t.Context(), rig.Longhaul(t), "read", uri, "-o", file)
	cmd.Env = append(os.Environ(), "LONGHAUL_URL="+server.URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	} else if !strings.Contains(string(out), fmt.Sprintf("of %.0fM bytes", float64(size)/1e6)) {
		t.Errorf("it did not show how far it was: %s", out)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != int64(size) {
		t.Errorf("longhaul read: got %v, %v", info, err)
	}
	for name, p := range map[string]*rig.Process{"worker": worker, "server": server.Process} {
		if most := footprint(t, p); most > 300<<20 { // with the race detector's own
			t.Errorf("the %s needed %d MiB", name, most>>20)
		} else {
			t.Logf("the %s needed %d MiB", name, most>>20)
		}
	}
}

// patiently waits for a task that has a gigabyte to move, which takes the race detector a while.
func patiently(t *testing.T, c *rig.Client, id string) rig.Task {
	t.Helper()
	rig.Within(t, 5*rig.Patience, func() bool { return c.Get(t, id).Terminal() })
	return c.Await(t, id, "completed")
}

// footprint is the most memory that a process has had, in bytes.
func footprint(t *testing.T, p *rig.Process) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Skip("only Linux tells: ", err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kB int64
	if _, err := fmt.Sscan(string(rest), &kB); err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// readText is the text of a resource.
func readText(t *testing.T, c *rig.Client, uri string) string {
	t.Helper()
	var answer struct{ Contents []struct{ Text string } }
	if err := c.Do(t.Context(), "resources/read", rig.Object{"uri": uri}, &answer); err != nil || len(answer.Contents) != 1 {
		t.Fatalf("%s: %v, %v", uri, answer, err)
	}
	return answer.Contents[0].Text
}

// A worker that is killed after it has left something, and before its task has ended, leaves nothing behind for good.
func TestAKilledWorkersObjectsGoWithTheTask(t *testing.T) {
	t.Parallel()
	f, dir := rig.New(t), t.TempDir()
	c := f.Server("-blob", "file://"+dir).Client(t)
	im := image.Image{Name: "leave", Tools: []image.Tool{tool("leave", image.Leave, tasks.Policy{Retention: 3 * time.Second})}}
	killed := f.Image(im, "-blob", "file://"+dir)
	g := newGate(t)
	id := c.Call(t, "leave", rig.Object{"bytes": 1 << 20, "gate": g.path}).ID
	hasLeft := func(attempt int) func() bool {
		return func() bool {
			return strings.Contains(c.Get(t, id).StatusMessage, fmt.Sprintf("attempt %d has left it", attempt))
		}
	}
	rig.Await(t, "the first attempt's artifact", hasLeft(1))
	killed.Kill()
	f.Image(im, "-blob", "file://"+dir)
	rig.Await(t, "the second attempt's artifact", hasLeft(2))
	if n := len(attemptsOf(t, dir, id)); n != 2 {
		t.Errorf("%d attempts have left objects, want 2", n)
	}
	g.open()
	c.Await(t, id, "completed")
	if got := readText(t, c, "longhaul://tasks/"+id+"/artifacts/big.txt?lines=1-1"); len(got) != 64 {
		t.Errorf("got %q", got)
	}
	if got := readText(t, c, "longhaul://tasks/"+id+"/result"); len(got) != 300<<10 {
		t.Errorf("the result has %d bytes", len(got))
	}
	rig.Await(t, "nothing is left", func() bool {
		_, err := os.Stat(filepath.Join(dir, id))
		return os.IsNotExist(err)
	})
}

func attemptsOf(t *testing.T, dir, id string) []fs.DirEntry {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(dir, id))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return list
}
