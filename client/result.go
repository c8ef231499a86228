package client

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Result is what a tool answered.
type Result struct {
	// TaskID is the task that it came from; empty if the call was answered without one.
	TaskID string
	// Content is the content blocks as the server wrote them.
	Content []json.RawMessage
	// Structured is the structured content as the server wrote it; nil if there is none.
	Structured json.RawMessage
	// IsError: the tool says that it could not do what it was asked to.
	IsError bool
	// Raw is the whole result as the server wrote it.
	Raw json.RawMessage
}

func readResult(raw json.RawMessage, taskID string) (*Result, error) {
	var r struct {
		Content    []json.RawMessage `json:"content"`
		Structured json.RawMessage   `json:"structuredContent"`
		IsError    bool              `json:"isError"`
	}
	if err := tasks.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("the tool's result cannot be read: %w", err)
	}
	return &Result{TaskID: taskID, Content: r.Content, Structured: r.Structured, IsError: r.IsError, Raw: raw}, nil
}

// Text returns the result's text, all blocks of it.
func (r *Result) Text() string {
	var texts []string
	for _, raw := range r.Content {
		var block struct{ Type, Text string }
		if json.Unmarshal(raw, &block) == nil && block.Type == "text" {
			texts = append(texts, block.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// String returns the text or, if there is none, the structured content.
func (r *Result) String() string {
	if text := r.Text(); text != "" || r.Structured == nil {
		return text
	}
	return string(r.Structured)
}

// Decode reads the structured content into v.
func (r *Result) Decode(v any) error {
	if r.Structured == nil {
		return fmt.Errorf("the result has no structured content")
	}
	return tasks.Unmarshal(r.Structured, v)
}
