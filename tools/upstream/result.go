package upstream

import (
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// content is a content block as the server wrote it: kinds that we do not know are passed on too.
type content struct {
	mcp.Content // nil: embedded only to satisfy the interface
	raw         json.RawMessage
}

// MarshalJSON returns the block.
func (c *content) MarshalJSON() ([]byte, error) { return c.raw, nil }

// readResult reads a result to be passed on. Only two things change: the URIs of resources, and the server's _meta about itself and its own
// task is dropped, since ours takes its place.
func (s *server) readResult(raw json.RawMessage) (*tasks.Result, error) {
	var r struct {
		Meta       map[string]json.RawMessage `json:"_meta"`
		Content    []json.RawMessage          `json:"content"`
		Structured json.RawMessage            `json:"structuredContent"`
		IsError    bool                       `json:"isError"`
	}
	if err := tasks.Unmarshal(raw, &r); err != nil {
		return nil, tasks.Permanent(fmt.Errorf("the result cannot be read: %w", err))
	}
	out := &tasks.Result{IsError: r.IsError}
	for _, block := range r.Content {
		out.Content = append(out.Content, &content{raw: s.linked(block)})
	}
	if len(r.Structured) > 0 && string(r.Structured) != "null" {
		out.Structured = r.Structured
	}
	for name, value := range r.Meta {
		if isOwn(name) {
			continue
		}
		if out.Meta == nil {
			out.Meta = make(map[string]any)
		}
		out.Meta[name] = value
	}
	return out, nil
}

const metaRelated = "io.modelcontextprotocol/related-task"
