package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// block is one piece of code in the README.
type block struct{ language, code string }

func readme(t *testing.T) []block {
	t.Helper()
	doc, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(doc), -1) {
		blocks = append(blocks, block{m[1], m[2]})
	}
	return blocks
}

// goRuns are the programs that the README has people start.
func goRuns(t *testing.T) (runs [][]string) {
	t.Helper()
	for _, b := range readme(t) {
		for line := range strings.Lines(b.code) {
			if words := strings.Fields(line); b.language == "sh" && len(words) > 2 && words[1] == "run" {
				runs = append(runs, words[2:])
			}
		}
	}
	return runs
}

func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../examples/checksum/main.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	for _, b := range readme(t) {
		shown[b.language]++
		if b.language == "go" && shown["go"] == 1 && b.code != string(example) {
			t.Errorf("README shows\n%s\ninstead of examples/checksum/main.go", b.code)
		}
		if b.language == "json" && !json.Valid([]byte(b.code)) {
			t.Errorf("not JSON: %s", b.code)
		}
	}
	if shown["go"] < 1 || shown["json"] == 0 || shown["sh"] == 0 {
		t.Errorf("README has %v", shown)
	}
}

func TestReadmeShowsTheClientsExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../client/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range readme(t) {
		if b.language == "go" && strings.Contains(b.code, "client.Dial") {
			if !strings.Contains(string(example), regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(b.code, "\t$1")) {
				t.Errorf("not in client/example_test.go:\n%s", b.code)
			}
			return
		}
	}
	t.Error("README does not show the client")
}

// What the README shows of a configuration is one, to every process.
func TestReadmeShowsAConfiguration(t *testing.T) {
	t.Parallel()
	secrets := []string{"INDEX_TOKEN=x", "GITHUB_TOKEN=x"}
	shown := map[string]bool{}
	for _, b := range readme(t) {
		part := regexp.MustCompile(`(?m)^(clients|tools|servers):`).FindString(b.code)
		if b.language != "yaml" || part == "" {
			continue
		}
		shown[part] = true
		file := configured(t, b.code)
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), "search-token"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, start := range []func(testing.TB, []string, ...string) *rig.Process{rig.Solo, rig.SoloWorker} {
			if p := start(t, secrets, "-check", "-config", file); p.ExitCode() != 0 {
				t.Errorf("refused: %s", p.Said())
			}
		}
	}
	if !shown["clients:"] || !shown["tools:"] {
		t.Errorf("README shows %v", shown)
	}
}

// Everything that the README starts is started as it says there, on ports of the test's own, and serves its tools.
func TestReadmeCommandsWork(t *testing.T) {
	t.Parallel()
	redis := redistest.Private(t)
	dir := t.TempDir()
	var served *rig.Client
	var url string
	for i, run := range goRuns(t) {
		program := filepath.Join(dir, filepath.Base(run[0]))
		build := exec.CommandContext(t.Context(), "go", "build", "-o", program, run[0])
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", run, err, out)
		}
		if run[0] == "./cmd/longhaul" {
			command := exec.CommandContext(t.Context(), program, run[1:]...)
			command.Env = append(os.Environ(), "LONGHAUL_URL="+url, "XDG_CONFIG_HOME="+t.TempDir())
			if out, err := command.CombinedOutput(); err != nil || len(out) == 0 {
				t.Errorf("%v: %v\n%s", run, err, out)
			}
			continue
		}
		args := strings.Fields(strings.NewReplacer("127.0.0.1:6379", redis.Addr(), "testdata", "../testdata", "127.0.0.1:9092", "127.0.0.1:0").Replace(strings.Join(run[1:], " ")))
		if strings.HasSuffix(program, "server") {
			args = append(args, "-addr", "127.0.0.1:0")
		}
		if !strings.Contains(strings.Join(args, " "), "-ops-addr") {
			args = append(args, "-ops-addr", "127.0.0.1:0")
		}
		p := rig.Start(t, run[0], program, nil, args...)
		if strings.HasSuffix(program, "server") {
			p.Line("/mcp")
			url = regexp.MustCompile(`http://[^\s"]+/mcp`).FindString(p.Said())
			served = rig.NewClient(t, url)
		}
		if i == 0 {
			served.AwaitTool(t, "analyze_logs")
		}
	}
	served.AwaitTool(t, "analyze_logs")
	served.AwaitTool(t, "checksum")
}
