package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

const (
	// serverVariable makes this binary an MCP server on stdin and stdout. It names the tools, which say their server's name.
	serverVariable = "E2E_SERVER"
	// markVariable has the server start a child. By its value both are found.
	markVariable = "E2E_MARK"
	// awayVariable names a file: while that is there the server cannot be started.
	awayVariable = "E2E_AWAY"
	// resourceVariable is the URI of a resource that the server has.
	resourceVariable = "E2E_RESOURCE"
)

// serveTools is what this binary does as a server.
func serveTools() {
	if _, err := os.Stat(os.Getenv(awayVariable)); err == nil {
		fmt.Fprintln(os.Stderr, "no licence key")
		os.Exit(2)
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	for name := range strings.SplitSeq(os.Getenv(serverVariable), " ") {
		mcp.AddTool(s, &mcp.Tool{Name: name, Description: "of the server"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "this is " + name}}}, nil, nil
		})
	}
	if uri := os.Getenv(resourceVariable); uri != "" {
		s.AddResource(&mcp.Resource{URI: uri, Name: "of the server"}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: uri, Text: "this is " + uri}}}, nil
		})
	}
	if os.Getenv(markVariable) != "" {
		if err := exec.CommandContext(context.Background(), "sleep", "1000").Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	_ = s.Run(context.Background(), &mcp.StdioTransport{}) // it ends with its worker
}

// stdio is an entry of servers: this binary, with these tools.
func stdio(name, tools string, more ...string) string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	text := fmt.Sprintf("  - name: %s\n    command: [%q]\n    env: {%s: %q}\n", name, self, serverVariable, tools)
	return text + strings.Join(more, "")
}

// with is an entry of servers with another variable.
func with(entry, variable, value string) string {
	return strings.Replace(entry, "env: {", fmt.Sprintf("env: {%s: %q, ", variable, value), 1)
}

// marked are the processes that have a mark in their environment.
func marked(t *testing.T, mark string) (pids []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if env, err := os.ReadFile(f); err == nil && bytes.Contains(env, []byte(markVariable+"="+mark)) {
			pids = append(pids, strings.Split(f, "/")[2])
		}
	}
	return pids
}

// A worker that is killed leaves nothing of the programs that it speaks to.
func TestAKilledWorkerLeavesNoUpstreamProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("programs have supervisors on Linux alone")
	}
	mark := filepath.Base(t.TempDir()) + t.Name()
	f := rig.New(t)
	w := f.Worker("-config", configured(t, "servers:\n"+with(stdio("up", "echo"), markVariable, mark)))
	rig.Await(t, "the program and its child", func() bool { return len(marked(t, mark)) >= 2 })
	w.Kill()
	rig.Await(t, "both to be gone", func() bool { return len(marked(t, mark)) == 0 })
}

// The tools of two servers, behind one endpoint, as the file has them. A third server that is down keeps nobody waiting.
func TestServersBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	file := configured(t, "servers:\n"+
		stdio("one", "read write write_all", "    prefix: \"\"\n    deny: [write_*]\n    tools: {write: {name: put, description: ours, policy: {task: required}}}\n")+
		stdio("two", "read search hidden", "    allow: [read, search]\n    policy: {task: forbidden}\n")+
		"  - {name: away, url: 'http://127.0.0.1:1/mcp'}\n"+
		"tools:\n  - {name: here, description: of the file, command: [echo, this is here]}\n")
	p := rig.Solo(t, nil, "-addr", "127.0.0.1:0", "-ops-addr", "off", "-data", samples, "-config", file)
	url := strings.Fields(p.Line("Longhaul serves MCP at"))[4]
	p.Line("Tools: analyze_logs, here, put, read, two_read, two_search")
	p.Line("Not there yet: away: ")
	c := rig.NewClient(t, url)
	var listed struct {
		Tools []struct{ Name, Description string }
	}
	if err := c.Do(t.Context(), "tools/list", nil, &listed); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, tool := range listed.Tools {
		got[tool.Name] = tool.Description
	}
	delete(got, "analyze_logs")
	want := map[string]string{"put": "ours", "read": "of the server", "two_read": "of the server", "two_search": "of the server", "here": "of the file"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed are %v, want %v", got, want)
	}
	if text := c.Await(t, c.Call(t, "put", rig.Object{}).ID, "completed").Result.Text(); text != "this is write" {
		t.Errorf("put: %q", text)
	}
	if text := c.Await(t, c.Call(t, "here", rig.Object{}).ID, "completed").Result.Text(); strings.TrimSpace(text) != "this is here" {
		t.Errorf("here: %q", text)
	}
	var plain rig.Result // its policy: never a task
	if err := c.Do(t.Context(), "tools/call", rig.Object{"name": "two_read", "arguments": rig.Object{}}, &plain); err != nil || plain.Text() != "this is read" {
		t.Errorf("two_read: %+v, %v", plain, err)
	}
}

// Checking a configuration starts no program.
func TestACheckContactsNobody(t *testing.T) {
	t.Parallel()
	sign := filepath.Join(t.TempDir(), "sign")
	file := configured(t, fmt.Sprintf("servers:\n  - {name: up, command: [touch, %q]}\n", sign))
	p := rig.SoloWorker(t, nil, "-check", "-config", file)
	if code := p.ExitCode(); code != 0 {
		t.Errorf("exited %d", code)
	}
	if _, err := os.Stat(sign); err == nil {
		t.Error("a program was started")
	}
}
