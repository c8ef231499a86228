package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// programs is a configuration with the programs of testdata/commands as tools, and one that writes a lot.
func programs(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("LONGHAUL_REQUIRE_PYTHON") == "1" {
			t.Fatalf("LONGHAUL_REQUIRE_PYTHON is set: %v", err)
		}
		t.Skip(err)
	}
	dir, err := filepath.Abs("testdata/commands")
	if err != nil {
		t.Fatal(err)
	}
	return configured(t, fmt.Sprintf(`
tools:
  - name: survey
    description: Adds up numbers
    command: [python3, %[1]q]
    stdin: dialog
    input: {type: object, properties: {gates: {type: string}, log: {type: string}}, required: [gates, log]}
    policy: {attempts: 1, park: 1h}
  - name: stubborn
    description: Does not end
    command: [python3, %[2]q]
    input: {type: object, properties: {pids: {type: string}}, required: [pids]}
  - name: flood
    description: Writes a lot
    command: [sh, -c, 'yes "$1" | head -c "$0"', "${arg:bytes}", %[3]q]
    stdin: none
    input: {type: object, properties: {bytes: {type: integer}}, required: [bytes]}
`, filepath.Join(dir, "survey.py"), filepath.Join(dir, "stubborn.py"), strings.TrimSpace(line)))
}

// A Python program with progress, checkpoints and a question: its worker is killed before and after the question, which is put once.
func TestACommandThroughThreeWorkers(t *testing.T) {
	t.Parallel()
	config := programs(t)
	f := rig.New(t)
	c := f.Server().Client(t)
	worker := f.Worker("-config", config)
	gates, log := t.TempDir(), filepath.Join(t.TempDir(), "steps")
	task := c.Call(t, "survey", rig.Object{"gates": gates, "log": log})
	stands := func(step int) {
		t.Helper()
		rig.Await(t, fmt.Sprintf("step %d is told", step), func() bool {
			return strings.Contains(c.Get(t, task.ID).StatusMessage, fmt.Sprintf("step %d", step))
		})
	}

	stands(29)
	worker.Kill()
	gone(t, task.ID)
	open(t, gates, "30")
	worker = f.Worker("-config", config)
	asked := c.Await(t, task.ID, "input_required")
	if asked.InputRequests["extra"] == nil {
		t.Fatalf("the question is not there: %v", asked.InputRequests)
	}
	c.Answer(t, task.ID, "extra", rig.Object{"number": 1000})
	stands(79)
	worker.Kill()
	gone(t, task.ID)
	open(t, gates, "80")
	f.Worker("-config", config)

	var got struct{ Sum int }
	c.Await(t, task.ID, "completed").Result.Decode(t, &got)
	if want := 100*101/2 + 1000; got.Sum != want {
		t.Errorf("the sum is %d, want %d", got.Sum, want)
	}
	checkSteps(t, log)
}

// checkSteps looks at what three attempts did: every step once, but for the one that a kill came upon before its checkpoint counted.
func checkSteps(t *testing.T, log string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	steps, attempts := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		attempt, step, _ := strings.Cut(strings.TrimSpace(line), " ")
		steps[step]++
		attempts[attempt]++
	}
	if len(steps) != 100 || len(attempts) != 3 {
		t.Errorf("%d steps in the attempts %v, want 100 in three", len(steps), attempts)
	}
	for step, n := range steps {
		if n > 1 && !slices.Contains([]string{"29", "79"}, step) {
			t.Errorf("step %s was done %d times", step, n)
		}
	}
}

// open lets a program go on that waits for a file.
func open(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Nobody of a program's tree outlives a cancelled task for longer than its grace, though all ignore SIGTERM.
func TestACancelledCommandIsGone(t *testing.T) {
	t.Parallel()
	config := programs(t)
	f := rig.New(t)
	c := f.Server().Client(t)
	f.Worker("-config", config)
	file := filepath.Join(t.TempDir(), "pids")
	task := c.Call(t, "stubborn", rig.Object{"pids": file})
	var pids []string
	rig.Await(t, "the tree stands", func() bool {
		text, err := os.ReadFile(file)
		pids = strings.Fields(string(text))
		return err == nil
	})
	if len(pids) != 3 || len(living(t, task.ID)) < 3 {
		t.Fatalf("the tree is %v, of which live %v", pids, living(t, task.ID))
	}
	told := time.Now()
	c.Cancel(t, task.ID)
	gone(t, task.ID)
	took := time.Since(told)
	t.Logf("gone %s after the cancel", took.Round(time.Millisecond))
	if took > 6*time.Second {
		t.Errorf("the tree was gone after %s", took)
	}
}

// A program writes a gigabyte: its worker needs little memory for that, and the result has the two ends of it, and a link to the whole.
func TestAGigabyteOfOutput(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	config, blobs := programs(t), "file://"+t.TempDir()
	f := rig.New(t)
	c := f.Server("-blob", blobs).Client(t)
	worker := f.Worker("-config", config, "-blob", blobs)
	result := patiently(t, c, c.Call(t, "flood", rig.Object{"bytes": size}).ID).Result
	var link string
	for _, part := range result.Content {
		link = cmp.Or(link, part.URI)
	}
	if n := len(result.Text()); link == "" || n > 256<<10 {
		t.Fatalf("%d bytes of text and the link %q", n, link)
	}
	if got := readText(t, c, link+fmt.Sprintf("?lines=%d-", size/64)); got != line {
		t.Errorf("the last line: got %.100q", got)
	}
	if most := footprint(t, worker); most > 300<<20 { // with the race detector's own
		t.Errorf("the worker needed %d MiB", most>>20)
	} else {
		t.Logf("the worker needed %d MiB", most>>20)
	}
}

// line is what the program flood writes, 64 bytes.
const line = "a line of plain output, of sixty-four bytes with its newline ..\n"

// gone waits until nothing is left of what a task's program started.
func gone(t *testing.T, id string) {
	t.Helper()
	rig.Await(t, "the program is gone", func() bool { return len(living(t, id)) == 0 })
}

// living are the processes that a task's program started: all have the task's id in their environment.
func living(t *testing.T, id string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(env, []byte("LONGHAUL_TASK="+id)) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(f, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}
