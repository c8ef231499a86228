package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// everyKeyword must come back from tools/list as it is.
const everyKeyword = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {
		"address": {
			"$anchor": "addressDef",
			"type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}
	},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`

// inHeader has one argument that clients repeat in the header Mcp-Param-Region.
const inHeader = `{
	"type": "object",
	"properties": {
		"region": {"type": "string", "description": "repeated in a header", "x-mcp-header": "Region"},
		"level": {"type": "integer", "description": "not repeated"}
	}
}`

// The forms that the suite's elicitation scenarios look at: defaults of every primitive type, and every way to write a choice.
const (
	defaults = `{"type": "object", "required": [], "properties": {
		"name": {"type": "string", "description": "User name", "default": "John Doe"},
		"age": {"type": "integer", "description": "User age", "default": 30},
		"score": {"type": "number", "description": "User score", "default": 95.5},
		"status": {"type": "string", "description": "User status", "enum": ["active", "inactive", "pending"], "default": "active"},
		"verified": {"type": "boolean", "description": "Verification status", "default": true}
	}}`
	choices = `{"type": "object", "required": [], "properties": {
		"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
		"titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}, {"const": "value3", "title": "Third Option"}]},
		"legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
		"untitledMulti": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
		"titledMulti": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"anyOf": [{"const": "value1", "title": "First Choice"}, {"const": "value2", "title": "Second Choice"}, {"const": "value3", "title": "Third Choice"}]}}
	}}`
)

type message struct {
	Message string `json:"message,omitempty" jsonschema:"what the user reads"`
}

type user struct {
	Username string `json:"username" jsonschema:"Your preferred username"`
}

func addSchemaTools(reg *tasks.Registry) {
	reg.Add(tasks.Tool{
		Name: "json_schema_2020_12_tool", Description: "Have an input schema that uses every keyword",
		InputSchema: json.RawMessage(everyKeyword),
	}, echo)
	reg.Add(tasks.Tool{
		Name: "test_x_mcp_header", Description: "Have an argument that clients repeat in a header",
		InputSchema: json.RawMessage(inHeader),
	}, echo)
	tasks.AddTool(reg, tasks.Tool{Name: "test_elicitation", Description: "Ask the user what it is told to"},
		func(ctx context.Context, a *tasks.Attempt, in message) (*tasks.Result, error) {
			return showReply(ctx, a, tasks.Form[user](in.Message))
		})
	for name, form := range map[string]tasks.InputRequest{
		"test_elicitation_sep1034_defaults": tasks.FormSchema("Please review and update the form fields with defaults", json.RawMessage(defaults)),
		"test_elicitation_sep1330_enums":    tasks.FormSchema("Please select options from the enum fields", json.RawMessage(choices)),
	} {
		tasks.AddTool(reg, tasks.Tool{Name: name, Description: "Ask the user by a form with a rich schema"},
			func(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
				return showReply(ctx, a, form)
			})
	}
}

func echo(_ context.Context, _ *tasks.Attempt, args json.RawMessage) (*tasks.Result, error) {
	return tasks.Text("called with " + string(args)), nil
}

func showReply(ctx context.Context, a *tasks.Attempt, form tasks.InputRequest) (*tasks.Result, error) {
	reply, err := a.Ask(ctx, "form", form)
	if err != nil {
		return nil, err
	}
	return tasks.Text(fmt.Sprintf("Elicitation completed: action=%s, content=%s", reply.Action, reply.Content)), nil
}
