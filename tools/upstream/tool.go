package upstream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
		InputSchema: objectSchema(listed.InputSchema), OutputSchema: promised(listed.OutputSchema), Annotations: more.Annotations, Meta: more.Meta,
		Icons: icons(listed.Raw),
	}
	if d := s.Tools[listed.Name].Description; d != "" {
		t.Description = d
	}
	if !checkable(t.InputSchema) {
		t.Unchecked = true // the server checks, too
	}
	return t, nil
}

// maxIcons bounds the icons of a tool, which may be whole pictures.
const maxIcons = 64 << 10

// icons are those of a tool. They are ornaments: what is wrong with them costs no tool.
func icons(raw json.RawMessage) []mcp.Icon {
	var t struct {
		Icons []mcp.Icon `json:"icons"`
	}
	if tasks.Unmarshal(raw, &t) != nil || len(encode(t.Icons)) > maxIcons {
		return nil
	}
	return slices.DeleteFunc(t.Icons, func(i mcp.Icon) bool { return !isPicture(i.Source) })
}

// isPicture: hosts show icons as ours, so one that is a script or a page is none (2025-11-25, Icons).
func isPicture(uri string) bool {
	return strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "data:image/")
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
