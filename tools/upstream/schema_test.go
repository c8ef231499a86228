package upstream_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// offers is a server over HTTP with one tool, which answers with the arguments that it got.
func offers(t *testing.T, tool string) upstream.Server {
	return upstream.Server{Name: "up", URL: newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list":      func(q *query) { q.result(object{"tools": []any{json.RawMessage(tool)}}) },
		"tools/call": func(q *query) {
			q.result(object{"content": []object{{"type": "text", "text": fmt.Sprint(q.Params["arguments"])}}})
		},
	}).url}
}

// What servers write that we cannot check is for them to check: the tool is listed as they list it, and gets the arguments as they are.
func TestSchemasThatCannotBeCheckedHere(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"a pattern that JavaScript knows":     `{"type":"object","properties":{"q":{"type":"string","pattern":"^(?!\\.)[a-z@.]+$"}},"required":["q"]}`,
		"a default that is not of its type":   `{"type":"object","properties":{"q":{"type":"string"},"r":{"type":"string","default":null}}}`,
		"a reference to nowhere":              `{"type":"object","properties":{"q":{"$ref":"#/definitions/nowhere"}}}`,
		"words of draft 4":                    `{"type":"object","properties":{"q":{"type":"string"},"n":{"type":"integer","minimum":0,"exclusiveMinimum":true}}}`,
		"a dialect of its own":                `{"$schema":"http://example.com/mine","type":"object"}`,
		"required in the place of draft 3":    `{"type":"object","properties":{"q":{"type":"string","required":true}}}`,
		"a type that there is not":            `{"type":"object","properties":{"q":{"type":"any"}}}`,
		"types that there are not":            `{"type":"object","properties":{"q":{"type":["file","string"]},"l":{"type":[]}}}`,
		"such a type of a property's":         `{"type":"object","properties":{"default":{"type":"any"}}}`,
		"a circle":                            `{"type":"object","$ref":"#"}`,
		"far too many alternatives":           `{"type":"object","properties":{"q":{},"and":{"anyOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}}}`,
		"nullable, which is OpenAPI's":        `{"type":"object","properties":{"q":{"type":"string","nullable":true}}}`,
		"a list of items, which is draft 7's": `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"q":{"type":"string"},"l":{"type":"array","items":[{"type":"string"}]}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, upstream.Options{}, offers(t, `{"name":"odd","inputSchema":`+schema+`}`))
			r.lists("up_odd")
			tool, _ := r.reg.Lookup("up_odd")
			if string(tool.InputSchema) != schema {
				t.Errorf("it is listed with %s", tool.InputSchema)
			}
			if got, err := r.call("up_odd", object{"q": "x"}); err != nil || !strings.Contains(got, `"map[q:x]"`) {
				t.Error(got, err)
			}
			if err := tool.Input.Validate(json.RawMessage(`[]`)); err == nil {
				t.Error("it takes what is no object")
			}
		})
	}
}

func TestSchemasThatAreCheckedHere(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{
		`{"type":"object","properties":{"type":{"type":"string"},"default":{"type":["string","null"]},"enum":true}}`,
		`{"type":"object","properties":{"q":{"default":{"type":"any"},"examples":[{"type":"any"}],"enum":[{"type":"any"}]}},"additionalProperties":{"$ref":"#"}}`,
	} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			r := start(t, upstream.Options{}, offers(t, `{"name":"even","inputSchema":`+schema+`}`))
			r.lists("up_even")
			if tool, _ := r.reg.Lookup("up_even"); tool.Unchecked {
				t.Error("it is not checked")
			}
		})
	}
}

// A host refuses a whole list for one of these, and with it the tools of all other servers.
func TestSchemasThatHostsRefuse(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"type":"object","properties":null,"required":null}`:                            `{"type":"object"}`,
		`{"type":"object","properties":[]}`:                                              `{"type":"object"}`,
		`{"type":"object","properties":{"a":true,"b":false,"c":{}}}`:                     `{"properties":{"a":{},"b":{"not":{}},"c":{}},"type":"object"}`,
		`{"type":"object","properties":{"a":{}},"required":"a"}`:                         `{"properties":{"a":{}},"type":"object"}`,
		`{"type":"object",  "properties":{"a":{}},  "required":["a"]}`:                   `{"type":"object","properties":{"a":{}},"required":["a"]}`,
		`{"properties":{"a":{"type":"string"}}}`:                                         `{"properties":{"a":{"type":"string"}},"type":"object"}`,
		`null`:                                                                           `{"type":"object"}`,
		`{"type":"object","properties":{"a":{"type":"object","properties":{"b":true}}}}`: `{"type":"object","properties":{"a":{"type":"object","properties":{"b":true}}}}`,
	} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			r := start(t, upstream.Options{}, offers(t, `{"name":"odd","inputSchema":`+schema+`}`))
			r.lists("up_odd")
			if tool, _ := r.reg.Lookup("up_odd"); string(tool.InputSchema) != want {
				t.Errorf("it is listed with %s, want %s", tool.InputSchema, want)
			}
		})
	}
}

// A tool may come with members that say nothing, with a promise that cannot be held, and with icons of any kind.
func TestWhatCostsNoTool(t *testing.T) {
	t.Parallel()
	promise := `{"type":"object","properties":{"n":{"type":"integer"}}}`
	for rest, want := range map[string]string{
		`"title":null,"description":null,"annotations":null,"_meta":null,"icons":null,"outputSchema":null`: "[]",
		`"outputSchema":` + promise:                                                    promise + "[]",
		`"outputSchema":{"anyOf":[{"type":"object"}]}`:                                 "[]",
		`"outputSchema":{"type":"object","properties":{"n":{"type":"file"}}}`:          "[]",
		`"icons":[{"src":"javascript:alert(1)"},{"src":"data:text/html,x"}]`:           "[]",
		`"outputSchema":true`:                                                          "[]",
		`"outputSchema":{"type":"object","properties":null}`:                           "[]",
		`"icons":[{"src":"https://example.com/i.png","sizes":["32x32"]}]`:              `[{"src":"https://example.com/i.png","sizes":["32x32"]}]`,
		`"icons":[{"src":"https://example.com/i.png","sizes":"32x32"}]`:                "[]",
		`"icons":[{"src":"data:image/png;base64,` + strings.Repeat("A", 1<<16) + `"}]`: "[]",
	} {
		t.Run(fmt.Sprintf("%.60s", rest), func(t *testing.T) {
			t.Parallel()
			r := start(t, upstream.Options{}, offers(t, `{"name":"odd","inputSchema":{"type":"object"},`+rest+`}`))
			r.lists("up_odd")
			tool, _ := r.reg.Lookup("up_odd")
			icons, _ := json.Marshal(tool.Icons)
			if got := string(tool.OutputSchema) + strings.Replace(string(icons), "null", "[]", 1); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
