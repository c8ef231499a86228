package main

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// The smallest files of their kind: a red pixel and a silent sound.
const (
	redPixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	silence  = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
)

func addContentTools(reg *tasks.Registry) {
	add := func(name, description string, content ...mcp.Content) {
		tasks.AddTool(reg, tasks.Tool{Name: name, Description: description},
			func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
				return &tasks.Result{Content: content}, nil
			})
	}
	image := &mcp.ImageContent{Data: decode(redPixel), MIMEType: "image/png"}
	add("test_simple_text", "Answer with text", &mcp.TextContent{Text: "This is a simple text response for testing."})
	add("test_image_content", "Answer with an image", image)
	add("test_audio_content", "Answer with sound", &mcp.AudioContent{Data: decode(silence), MIMEType: "audio/wav"})
	add("test_embedded_resource", "Answer with a resource", resource("test://embedded-resource", "text/plain", "This is an embedded resource content."))
	add("test_multiple_content_types", "Answer with text, an image and a resource",
		&mcp.TextContent{Text: "Multiple content types test:"}, image,
		resource("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`))

	tasks.AddTool(reg, tasks.Tool{Name: "test_error_handling", Description: "Report an error of its own"},
		func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
			return nil, errors.New("this tool intentionally returns an error for testing")
		})
}

func resource(uri, mimeType, text string) *mcp.EmbeddedResource {
	return &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: uri, MIMEType: mimeType, Text: text}}
}

func decode(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}
