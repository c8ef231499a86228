package tasks

import (
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Result is what a tool answers: content of any MCP kind, structured content, or an error for the model to read.
type Result struct {
	Content    []mcp.Content
	Structured any // marshals to what the tool's output schema promises
	IsError    bool
	Meta       map[string]any
}

// Contenter is an output that says how to show it: Content is for people and models, while its structured form is for programs.
// An output without it is shown as JSON text.
type Contenter interface {
	Content() []mcp.Content
}

// Text is a result of plain text.
func Text(s string) *Result { return &Result{Content: []mcp.Content{&mcp.TextContent{Text: s}}} }

// Failure is a result that tells the model what went wrong.
func Failure(err error) *Result {
	r := Text(err.Error())
	r.IsError = true
	return r
}

// wireResult is a CallToolResult without its resultType, which depends on the protocol's revision.
type wireResult struct {
	Meta              map[string]any  `json:"_meta,omitempty"`
	Content           []mcp.Content   `json:"content"`
	StructuredContent json.RawMessage `json:"structuredContent,omitempty"`
	IsError           bool            `json:"isError,omitempty"`
}

// Encode makes the JSON of a CallToolResult. It fails if the structured content does not fit the schema; a nil schema takes anything.
func (r *Result) Encode(schema *Schema) (json.RawMessage, error) {
	w := wireResult{Meta: r.Meta, Content: r.Content, IsError: r.IsError}
	if r.Structured != nil {
		b, err := json.Marshal(r.Structured)
		if err != nil {
			return nil, fmt.Errorf("structured content: %w", err)
		}
		w.StructuredContent = b
	}
	if schema != nil && !r.IsError {
		if w.StructuredContent == nil {
			return nil, fmt.Errorf("the tool promises structured content by its output schema and returned none")
		}
		if err := schema.Validate(w.StructuredContent); err != nil {
			return nil, fmt.Errorf("structured content breaks the output schema: %w", err)
		}
	}
	if len(w.Content) == 0 {
		w.Content = []mcp.Content{}
		if w.StructuredContent != nil {
			w.Content = append(w.Content, &mcp.TextContent{Text: string(w.StructuredContent)})
		}
	}
	return json.Marshal(w)
}
