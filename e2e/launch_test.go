package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

const quickStart = 3 * time.Second

// What the banner says can be pasted, works.
func TestBannerCanBePasted(t *testing.T) {
	t.Parallel()
	p := rig.Solo(t, nil, "-addr", "127.0.0.1:0", "-ops-addr", "off", "-data", samples)
	address := regexp.MustCompile(`http://\S+/mcp`).FindString(p.Line("Longhaul serves MCP at"))
	rig.Await(t, "ready", func() bool { return rig.OK(t.Context(), strings.TrimSuffix(address, "mcp")+"ready") })
	if took := time.Since(p.Started); took > quickStart {
		t.Errorf("ready after %s, want it within %s", took, quickStart)
	}
	p.Line(`{"mcpServers"`)
	create, get := commands(t, p.Said())
	c := rig.NewClient(t, address)
	c.AwaitTool(t, "analyze_logs")

	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", create).CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", create, err, out)
	}
	id := strings.TrimSpace(string(out))
	get = "ID=" + id + "\n" + get // as the shell has it that the first was pasted into
	task := paste(t, get)
	if task.ID != id {
		t.Errorf("asked for task %s, got %s", id, task.ID)
	}
	var r report
	c.Await(t, id, "completed").Result.Decode(t, &r)
	if r.Lines != 10000 {
		t.Errorf("%d lines, want 10000", r.Lines)
	}
	if task = paste(t, get); task.Status != "completed" || !strings.Contains(task.Result.Text(), "10,000 lines") {
		t.Errorf("want it completed, but %s", task)
	}
	if !strings.Contains(p.Said(), "vanish") {
		t.Error("the banner does not say that tasks vanish")
	}
	call := exec.CommandContext(t.Context(), "/bin/sh", "-c", p.Line("longhaul call"))
	call.Env = append(os.Environ(), "PATH="+filepath.Dir(rig.Longhaul(t))+":"+os.Getenv("PATH"))
	if out, err := call.Output(); err != nil || !strings.Contains(string(out), "10,000 lines") {
		t.Errorf("the command line client: %v\n%s", err, out)
	}
	p.Terminate()
	if code := p.ExitCode(); code != 0 {
		t.Errorf("exited %d on SIGTERM, want 0", code)
	}
}

// commands are the two indented blocks of the banner that have a curl.
func commands(t *testing.T, banner string) (create, get string) {
	t.Helper()
	var blocks []string
	for block := range strings.SplitSeq(banner, "\n\n") {
		if strings.Contains(block, "curl -s ") {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) != 2 {
		t.Fatalf("the banner has %d commands, want 2:\n%s", len(blocks), banner)
	}
	return blocks[0], blocks[1]
}

// paste runs a command as a person's shell does, and reads the task that it prints.
func paste(t *testing.T, command string) rig.Task {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", command).CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", command, err, out)
	}
	var m rig.Message
	var task rig.Task
	if json.Unmarshal(out, &m) != nil || json.Unmarshal(m.Result, &task) != nil || task.ID == "" {
		t.Fatalf("%s\nprinted no task, but\n%s", command, out)
	}
	return task
}

func TestFlags(t *testing.T) {
	t.Parallel()
	wrong := configured(t, "client: []\n")
	tests := []struct {
		name   string
		worker bool
		env    []string
		args   []string
		code   int
		says   []string
	}{
		{"server explains itself", false, nil, []string{"-h"}, 0, []string{"Usage: server", "-redis", "LONGHAUL_REDIS", "-anonymous"}},
		{"worker explains itself", true, nil, []string{"-h"}, 0, []string{"Usage: worker", "-concurrency", "-drain"}},
		{"unknown flag", false, nil, []string{"-nonsense"}, 2, []string{"-nonsense", "Try server -h"}},
		{"word without a dash", false, nil, []string{"serve"}, 2, []string{`"serve"`, "Try server -h"}},
		{"bad number", true, nil, []string{"-redis", "redis://127.0.0.1:1", "-concurrency", "none"}, 2, []string{"concurrency", "Try worker -h"}},
		{"no slot at all", true, nil, []string{"-redis", "redis://127.0.0.1:1", "-concurrency", "0"}, 2, []string{"-concurrency 0", "1 to 10000"}},
		{"bad queue", true, nil, []string{"-redis", "redis://127.0.0.1:1", "-queues", "heavy=many"}, 2, []string{"heavy", "many"}},
		{"worker without Redis", true, nil, nil, 2, []string{"-redis", "LONGHAUL_REDIS"}},
		{"server that must not embed", false, []string{"LONGHAUL_EMBEDDED=never"}, nil, 2, []string{"-redis", "LONGHAUL_REDIS"}},
		{"address that others reach", false, nil, []string{"-addr", "0.0.0.0:0"}, 2, []string{"-anonymous nobody", "-anonymous local"}},
		{"callers refused", false, nil, []string{"-addr", "127.0.0.1:0", "-anonymous", "refuse"}, 2, []string{"-anonymous"}},
		{"unknown kind of caller", false, nil, []string{"-anonymous", "everybody"}, 2, []string{"everybody", "refuse, local or nobody"}},
		{"Redis that is not there", true, nil, []string{"-redis", "redis://127.0.0.1:1"}, 1, []string{"cannot use the Redis", "127.0.0.1:1"}},
		{"password is kept out of errors", true, nil, []string{"-redis", "redis://u:hidden%@127.0.0.1:1"}, 1, []string{"redis URL"}},
		{"configuration that is wrong", true, nil, []string{"-redis", "redis://127.0.0.1:1", "-config", wrong}, 2, []string{wrong + ":1:1: unknown key client: did you mean clients?"}},
		{"check", false, nil, []string{"-check"}, 0, []string{"flags and tools are fine"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := rig.Solo
			if tt.worker {
				start = rig.SoloWorker
			}
			p := start(t, tt.env, tt.args...)
			if code := p.ExitCode(); code != tt.code {
				t.Errorf("exited %d, want %d", code, tt.code)
			}
			for _, words := range tt.says {
				if !strings.Contains(p.Said(), words) {
					t.Errorf("does not say %q", words)
				}
			}
			if strings.Contains(p.Said(), "hidden") || strings.Contains(p.Said(), "goroutine ") {
				t.Error("says what it should not")
			}
		})
	}
}

func TestEnvironmentSetsFlags(t *testing.T) {
	t.Parallel()
	p := rig.Solo(t, []string{"LONGHAUL_ADDR=127.0.0.1:0", "LONGHAUL_OPS_ADDR=off", "LONGHAUL_DATA=" + samples})
	p.Line("Longhaul serves MCP at")
	p.Line("apache_access.log.gz")
}

// The ops address serves health, readiness and metrics, a worker's too; -probe asks for them.
func TestOpsAddress(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	port := rig.FreePort(t)
	f.Worker("-ops-addr", port)
	for _, path := range []string{"/health", "/ready", "/metrics"} {
		url := "http://" + port + path
		rig.Await(t, url, func() bool { return rig.OK(t.Context(), url) })
		if code := rig.SoloWorker(t, nil, "-probe", url).ExitCode(); code != 0 {
			t.Errorf("-probe %s exited %d", url, code)
		}
	}
	f.Redis.Freeze()
	begin := time.Now()
	if rig.OK(t.Context(), "http://"+port+"/ready") {
		t.Error("ready while Redis is frozen")
	}
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Errorf("/ready took %s to say that Redis is frozen", took)
	}
	f.Redis.Thaw()
}
