package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	// largeResult is the size, as JSON, above which a result goes to the blob store. 256 KiB are some 64,000 tokens, more than hosts give
	// to a model, and a result in Redis is read anew with each tasks/get.
	largeResult = 256 << 10
	headLen     = 16 << 10 // how much of its text stays in the result
	largePart   = 64 << 10 // from this size on an image or the like of a large result becomes a link
	// maxLarge bounds the results that go to the blob store, since they are in memory: anything larger is for artifacts.
	maxLarge = 256 << 20
)

// large is a result that goes to the blob store.
type large struct {
	result *tasks.Result
	schema *tasks.Schema
}

// slim puts the large parts of a result into the blob store, and returns the result with links to them. What the output schema promises stays,
// since a result without it would be invalid.
func (a *attempt) slim(ctx context.Context, l *large) (json.RawMessage, error) {
	slim := *l.result
	slim.Content = nil
	if err := a.slimStructured(ctx, l, &slim); err != nil {
		return nil, err
	}
	var texts []string
	for i, c := range contentOf(l.result) {
		if t, ok := known(c).(*mcp.TextContent); ok {
			texts = append(texts, t.Text)
			continue
		}
		c, err := a.slimPart(ctx, i, c)
		if err != nil {
			return nil, err
		}
		slim.Content = append(slim.Content, c)
	}
	text := strings.Join(texts, "\n")
	if len(text) <= headLen {
		if text != "" {
			slim.Content = append([]mcp.Content{&mcp.TextContent{Text: text}}, slim.Content...)
		}
		return slim.Encode(l.schema)
	}
	kind := "text/plain"
	if json.Valid([]byte(text)) {
		kind = "application/json"
	}
	if _, err := a.store(ctx, store.ResultName, kind, strings.NewReader(text)); err != nil {
		return nil, err
	}
	size, uri := int64(len(text)), tasks.ResultURI(a.Task)
	link := &mcp.ResourceLink{URI: uri, Name: "result", Title: "The whole result", MIMEType: kind, Size: &size}
	slim.Content = append([]mcp.Content{&mcp.TextContent{Text: headOf(text, uri)}, link}, slim.Content...)
	return slim.Encode(l.schema)
}

// contentOf returns what people and models read of a result.
func contentOf(r *tasks.Result) []mcp.Content {
	if len(r.Content) > 0 || r.Structured == nil {
		return r.Content
	}
	doc, err := json.Marshal(r.Structured)
	if err != nil {
		return nil // it was encoded before
	}
	return []mcp.Content{&mcp.TextContent{Text: string(doc)}}
}

// headOf returns the beginning of a text, up to the end of a line if possible, and how to read on.
func headOf(text, uri string) string {
	head := text[:headLen]
	for i := 0; i < utf8.UTFMax && !utf8.RuneStart(text[len(head)]); i++ {
		head = head[:len(head)-1]
	}
	if end := strings.LastIndexByte(head, '\n'); end > 0 {
		head = head[:end+1]
	}
	first := strings.Count(head, "\n") + 1
	all := first + strings.Count(strings.TrimSuffix(text[len(head):], "\n"), "\n")
	return fmt.Sprintf("%s\n… %d bytes in all, of which these are the first %d: read the resource %s (some of its %d lines: %s?lines=%d-%d)",
		strings.TrimSuffix(head, "\n"), len(text), len(head), uri, all, uri, first, min(all, first+199))
}

// slimStructured takes out structured content that is large and that no schema promises. If the text does not repeat it, it becomes an artifact.
func (a *attempt) slimStructured(ctx context.Context, l *large, slim *tasks.Result) error {
	if l.result.Structured == nil || l.schema != nil && !l.result.IsError {
		return nil
	}
	doc, err := json.Marshal(l.result.Structured)
	if err != nil || len(doc) < largePart {
		return err
	}
	slim.Structured = nil
	if len(l.result.Content) == 0 {
		return nil
	}
	link, err := a.artifact(ctx, "result-parts/structured.json", "application/json", doc)
	if err == nil {
		slim.Content = append(slim.Content, link)
	}
	return err
}

// slimPart returns a part of a result that is no text, or a link to it if it is large.
func (a *attempt) slimPart(ctx context.Context, i int, c mcp.Content) (mcp.Content, error) {
	switch k := known(c).(type) {
	case *mcp.ImageContent:
		return a.partOr(ctx, c, i, k.MIMEType, k.Data)
	case *mcp.AudioContent:
		return a.partOr(ctx, c, i, k.MIMEType, k.Data)
	case *mcp.EmbeddedResource:
		if k.Resource == nil {
			return c, nil
		}
		data := k.Resource.Blob
		if data == nil {
			data = []byte(k.Resource.Text)
		}
		return a.partOr(ctx, c, i, k.Resource.MIMEType, data)
	}
	return c, nil
}

// known returns content as one of the SDK's types. A relay's content is JSON of such a type; anything else stays as it is.
func known(c mcp.Content) mcp.Content {
	switch c.(type) {
	case *mcp.TextContent, *mcp.ImageContent, *mcp.AudioContent, *mcp.EmbeddedResource, *mcp.ResourceLink:
		return c
	}
	doc, err := json.Marshal(map[string]any{"content": []mcp.Content{c}})
	if err != nil {
		return c
	}
	var r mcp.CallToolResult
	if json.Unmarshal(doc, &r) != nil || len(r.Content) != 1 {
		return c
	}
	return r.Content[0]
}

func (a *attempt) partOr(ctx context.Context, c mcp.Content, i int, mimeType string, data []byte) (mcp.Content, error) {
	if len(data) < largePart {
		return c, nil
	}
	return a.artifact(ctx, fmt.Sprintf("result-parts/%d", i+1), mimeType, data)
}

func (a *attempt) artifact(ctx context.Context, name, mimeType string, data []byte) (mcp.Content, error) {
	size, err := a.Keep(ctx, name, mimeType, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return &mcp.ResourceLink{URI: tasks.ArtifactURI(a.Task, name), Name: name, MIMEType: mimeType, Size: &size}, nil
}
