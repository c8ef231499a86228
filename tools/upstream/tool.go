package upstream

import (
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// translate makes a listed tool the one that is announced here.
func (s *server) translate(listed client.Tool) (tasks.Tool, error) {
	var more struct {
		Annotations *mcp.ToolAnnotations `json:"annotations"`
		Meta        map[string]any       `json:"_meta"`
	}
	if err := tasks.Unmarshal(listed.Raw, &more); err != nil {
		return tasks.Tool{}, fmt.Errorf("tool %q: %w", listed.Name, err)
	}
	t := tasks.Tool{
		Name: s.nameOf(listed.Name), Title: listed.Title, Description: listed.Description,
		InputSchema: objectSchema(listed.InputSchema), OutputSchema: listed.OutputSchema, Annotations: more.Annotations, Meta: more.Meta,
	}
	if d := s.Tools[listed.Name].Description; d != "" {
		t.Description = d
	}
	if t.OutputSchema != nil {
		if _, err := tasks.CompileSchema(t.OutputSchema); err != nil { // better a tool that promises nothing than no tool
			t.OutputSchema = nil
		}
	}
	return t, nil
}

// objectSchema returns an input schema that says outright what the specification takes for granted: arguments are an object.
func objectSchema(raw json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	if _, ok := m["type"]; ok {
		return raw
	}
	m["type"] = json.RawMessage(`"object"`)
	return encode(m)
}

// runPolicy returns the policy of a tool, and whether the relay itself has to make sure that the call is made only once. Where the server may make a
// task of the call, whoever takes over after a crash can find that task again: so the engine lets a second attempt begin, and the relay makes
// no second call in it.
func (s *server) runPolicy(listed client.Tool, about client.Server) (p tasks.Policy, once bool) {
	p = s.policyOf(listed.Name)
	safe := listed.Annotations.ReadOnly || listed.Annotations.Idempotent
	switch {
	case p.Rerun != "":
		return p, false
	case safe:
		p.Rerun = tasks.Yes
	case mayBeTask(listed, about):
		p.Rerun = tasks.Yes
		return p, true
	default:
		p.Rerun = tasks.No
	}
	return p, false
}

// mayBeTask reports whether a call may become a task of the server: 2025-11-25 says so for each tool; later the server decides at each call.
func mayBeTask(listed client.Tool, about client.Server) bool {
	support := listed.Execution.TaskSupport
	return about.Tasks && (about.Revision >= wire.V20260728 || support == "optional" || support == "required")
}
