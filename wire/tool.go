package wire

import (
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

type tool struct {
	Name         string               `json:"name"`
	Title        string               `json:"title,omitempty"`
	Description  string               `json:"description,omitempty"`
	InputSchema  json.RawMessage      `json:"inputSchema"`
	OutputSchema json.RawMessage      `json:"outputSchema,omitempty"`
	Annotations  *mcp.ToolAnnotations `json:"annotations,omitempty"`
	Icons        []mcp.Icon           `json:"icons,omitempty"`
	Meta         map[string]any       `json:"_meta,omitempty"`
}

// Tool is a tool as tools/list shows it, without what some revision adds.
func Tool(t *tasks.Tool) (json.RawMessage, error) {
	return json.Marshal(tool{t.Name, t.Title, t.Description, t.InputSchema, t.OutputSchema, t.Annotations, t.Icons, t.Meta})
}

// Tools is a page of tools/list. A server means revision 2026-07-28: the result says who answers and how long it may be
// kept, which is not at all, since what is listed may depend on who asks.
func Tools(page []json.RawMessage, next string, server *Implementation) json.RawMessage {
	type list struct {
		Tools      []json.RawMessage `json:"tools"`
		NextCursor string            `json:"nextCursor,omitempty"`
	}
	if page == nil {
		page = []json.RawMessage{}
	}
	if server == nil {
		return encode(list{page, next})
	}
	return encode(struct {
		ResultType string      `json:"resultType"`
		Meta       *resultMeta `json:"_meta"`
		list
		TTLMs      int    `json:"ttlMs"`
		CacheScope string `json:"cacheScope"`
	}{TypeComplete, &resultMeta{ServerInfo: server}, list{page, next}, 0, "private"})
}
