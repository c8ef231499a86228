package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// addSource registers the suite's resources and prompts, and the tool that changes the list of prompts.
func addSource(reg *tasks.Registry) {
	put(reg, "as it was when the worker started")
	tasks.AddTool(reg, tasks.Tool{Name: "test_trigger_prompt_change", Description: "Change the list of prompts"},
		func(_ context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
			put(reg, "as task "+string(a.TaskID())+" made it") // differs each time, so that the list really changes
			return tasks.Text("the list of prompts has changed"), nil
		})
}

func put(reg *tasks.Registry, state string) {
	err := reg.PutSource(tasks.Source{
		Name: "fixtures",
		Resources: documents(
			mcp.Resource{URI: "test://static-text", Name: "static-text", Description: "A text", MIMEType: "text/plain"},
			mcp.Resource{URI: "test://static-binary", Name: "static-binary", Description: "An image", MIMEType: "image/png"},
			mcp.Resource{URI: "test://watched-resource", Name: "watched-resource", Description: "Changes every 3 seconds", MIMEType: "text/plain"},
		),
		Templates: documents(
			mcp.ResourceTemplate{URITemplate: "test://template/{id}/data", Name: "template", Description: "What was asked for", MIMEType: "application/json"},
		),
		Prompts: documents(
			mcp.Prompt{Name: "test_simple_prompt", Description: "Without arguments"},
			mcp.Prompt{Name: "test_prompt_with_arguments", Description: "With two arguments", Arguments: []*mcp.PromptArgument{
				{Name: "arg1", Description: "First", Required: true}, {Name: "arg2", Description: "Second", Required: true},
			}},
			mcp.Prompt{Name: "test_prompt_with_embedded_resource", Description: "With a resource in it", Arguments: []*mcp.PromptArgument{
				{Name: "resourceUri", Description: "Its URI", Required: true},
			}},
			mcp.Prompt{Name: "test_prompt_with_image", Description: "With an image in it"},
			mcp.Prompt{Name: "test_input_required_result_prompt", Description: "Asks first"},
			mcp.Prompt{Name: "transient_prompt", Description: state},
		),
		Completes: true, Subscribes: true,
		Ask: serve, Watch: watch,
	})
	if err != nil {
		panic(err) // all of it stands in this file
	}
}

func documents[T any](list ...T) (docs []json.RawMessage) {
	for _, v := range list {
		docs = append(docs, document(v))
	}
	return docs
}

func document(v any) json.RawMessage {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of it stands in this file
	}
	return doc
}

// params are those of any request to a source.
type params struct {
	URI            string            `json:"uri"`
	Name           string            `json:"name"`
	Arguments      map[string]string `json:"arguments"`
	InputResponses map[string]struct {
		Content map[string]any `json:"content"`
	} `json:"inputResponses"`
}

func serve(_ context.Context, method string, raw json.RawMessage) (json.RawMessage, error) {
	var p params
	if method == "completion/complete" { // whose arguments are of another kind, and of no concern here
		return document(mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{}}}), nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, &tasks.Error{Code: -32602, Message: err.Error()}
	}
	if method == "resources/read" {
		return read(p)
	}
	return get(p)
}

var template = regexp.MustCompile(`^test://template/([^/]+)/data$`)

func read(p params) (json.RawMessage, error) {
	c := &mcp.ResourceContents{URI: p.URI, MIMEType: "text/plain"}
	switch id := template.FindStringSubmatch(p.URI); {
	case p.URI == "test://static-text":
		c.Text = "This is the content of the static text resource."
	case p.URI == "test://static-binary":
		c.MIMEType, c.Blob = "image/png", decode(redPixel)
	case p.URI == "test://watched-resource":
		c.Text = "Watched at " + time.Now().UTC().Format(time.RFC3339)
	case id != nil:
		c.MIMEType, c.Text = "application/json", fmt.Sprintf(`{"id":%q,"templateTest":true,"data":%q}`, id[1], "Data for ID: "+id[1])
	default:
		return nil, &tasks.Error{Code: -32602, Message: "resource not found", Data: document(map[string]string{"uri": p.URI})}
	}
	return document(mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{c}}), nil
}

func get(p params) (json.RawMessage, error) {
	switch p.Name {
	case "test_simple_prompt", "transient_prompt":
		return said(&mcp.TextContent{Text: "This is a simple prompt for testing."}), nil
	case "test_prompt_with_arguments":
		return said(&mcp.TextContent{Text: fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", p.Arguments["arg1"], p.Arguments["arg2"])}), nil
	case "test_prompt_with_embedded_resource":
		return said(resource(p.Arguments["resourceUri"], "text/plain", "Embedded resource content for testing."),
			&mcp.TextContent{Text: "Please process the embedded resource above."}), nil
	case "test_prompt_with_image":
		return said(&mcp.ImageContent{Data: decode(redPixel), MIMEType: "image/png"}, &mcp.TextContent{Text: "Please analyze the image above."}), nil
	case "test_input_required_result_prompt":
		if answer, ok := p.InputResponses["user_context"].Content["context"].(string); ok {
			return said(&mcp.TextContent{Text: "Context: " + answer}), nil
		}
		return json.RawMessage(`{"resultType":"input_required","inputRequests":{"user_context":{"method":"elicitation/create","params":{
			"mode":"form","message":"Please provide context for the prompt","requestedSchema":{"type":"object",
			"properties":{"context":{"type":"string"}},"required":["context"]}}}}}`), nil
	}
	return nil, &tasks.Error{Code: -32602, Message: fmt.Sprintf("unknown prompt %q", p.Name)}
}

func said(contents ...mcp.Content) json.RawMessage {
	var r mcp.GetPromptResult
	for _, c := range contents {
		r.Messages = append(r.Messages, &mcp.PromptMessage{Role: "user", Content: c})
	}
	return document(&r)
}

// watch tells that the watched resource has changed, until nobody wants to know any more.
func watch(ctx context.Context, _ string, changed func()) error {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			changed()
		case <-ctx.Done():
			return nil
		}
	}
}
