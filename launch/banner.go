package launch

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/longhaul-mcp/longhaul/server"
)

// banner tells the person who started this what it is and what to paste next.
func banner(out io.Writer, o *options, p *parts) {
	if p.front == nil {
		p.log.Info("worker is up", "redis", "connected", "ops", p.opsURL())
		return
	}
	if !o.embedded() {
		p.log.Info("server is up", "mcp", "http://"+p.listener.Addr().String()+"/mcp", "callers", string(o.anonymous), "ops", p.opsURL())
		if o.anonymous == server.Local && !loopback(o.addr) {
			p.log.Warn("whoever reaches this address is taken for one and the same person (-anonymous local)", "addr", o.addr)
		}
		return
	}
	url := "http://" + p.listener.Addr().String() + "/mcp"
	tool, arguments := example(o, p)
	program, hint := commandLine()
	fmt.Fprintf(out, `
Longhaul serves MCP at %[1]s
Everything runs in this process: tasks vanish when it ends. With -redis they stay.
%[6]s
Call a tool, and see it through%[8]s:

  %[7]s call -url %[1]s %[2]s%[5]s

The same by hand. Start a task:

  ID=$(curl -s %[1]s -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: %[2]s' \
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%[2]s","arguments":%[3]s,%[4]s}}' |
    sed 's/.*"taskId":"\([^"]*\)".*/\1/'); echo $ID

Ask for it (without its pictures):

  curl -s %[1]s -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tasks/get' -H "Mcp-Name: $ID" \
    -d '{"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"taskId":"'$ID'",%[4]s}}' | sed 's/"data":"[^"]*"/"data":"…"/g'

In an MCP client's configuration:

  {"mcpServers": {"longhaul": {"type": "http", "url": "%[1]s"}}}

`, url, tool, arguments, meta, exampleWords(arguments), p.offer(), program, hint)
}

// commandLine returns how to start the command line client from here, and how to get it if it is not there. In a clone of this repository
// it need not be installed.
func commandLine() (program, hint string) {
	if _, err := exec.LookPath("longhaul"); err == nil {
		return "longhaul", ""
	}
	if _, err := os.Stat("cmd/longhaul/main.go"); err == nil {
		return "go run ./cmd/longhaul", ""
	}
	return "longhaul", " (the clone's go install ./cmd/longhaul brings longhaul)"
}

// maxOffer is how many tools the banner names.
const maxOffer = 12

// offer says which tools there are, and which servers are not there yet.
func (p *parts) offer() string {
	var names []string
	for _, t := range p.registry.Tools() {
		names = append(names, t.Name)
	}
	if more := len(names) - maxOffer; more > 0 {
		names = append(names[:maxOffer], fmt.Sprintf("and %d more", more))
	}
	text := "Tools: " + cmp.Or(strings.Join(names, ", "), "none yet") + "\n"
	for _, s := range p.upstreamStates() {
		if !s.Up {
			text += strings.TrimSuffix("Not there yet: "+s.Server+": "+s.Error, ": ") + "\n"
		}
	}
	return text
}

const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"curl","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

// example returns a call that works when pasted: the analysis of a log file if there is one, otherwise the first tool with what its schema
// asks for.
func example(o *options, p *parts) (tool, arguments string) {
	tools := p.registry.Tools()
	if len(tools) == 0 {
		return "TOOL", "{}"
	}
	if tools[0].Name != "analyze_logs" {
		return tools[0].Name, exampleArguments(tools[0].InputSchema)
	}
	return tools[0].Name, fmt.Sprintf(`{"path":%q}`, sampleLog(o.data))
}

// sampleLog finds a log file under the roots, as a clone of this repository has some.
func sampleLog(roots []string) string {
	for _, root := range roots {
		for _, pattern := range []string{"*access*.log*", "*.log*", "testdata/logs/*access*.log*"} {
			found, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil || len(found) == 0 {
				continue
			}
			if rel, err := filepath.Rel(root, found[0]); err == nil {
				return filepath.ToSlash(rel)
			}
		}
	}
	return "your.log"
}
