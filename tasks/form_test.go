package tasks_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Nobody is asked what nobody could answer.
func TestAFormThatCannotBeFilledIn(t *testing.T) {
	t.Parallel()
	const who = `{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}`
	form := func(schema string) tasks.InputRequest { return tasks.FormSchema("?", json.RawMessage(schema)) }
	otherwise := func(v any) tasks.InputRequest { return form(who).Within(time.Second).Otherwise(v) }
	for want, requests := range map[string][]tasks.InputRequest{
		`"object"`:           {form(`{"type":"strin"}`), form(`{"type":"string"}`), form(`{"type":["array"]}`)},
		"no JSON schema":     {form(`{"type":5}`), form(`{"properties":[]}`), form(`7`)},
		`no type "strin"`:    {form(`{"properties":{"a":{"type":"strin"}}}`), form(`{"properties":{"a":{"type":"array","items":{"type":["null","strin"]}}}}`)},
		"is no schema in it": {form(`{"properties":{"a":{"$ref":"#/nowhere"}}}`)},
		"refers to itself":   {form(`{"properties":{"a":{"$ref":"#/properties/a","default":1}}}`)},
		"does not resolve":   {form(`{"properties":{"a":{"type":"string","default":1}}}`)},
		"no regular expression": {
			form(`{"properties":{"a":{"type":"string","pattern":"[a"}}}`), form(`{"properties":{"a":{"type":"string","pattern":"(a"}}}`),
			form(`{"properties":{"a":{"type":"string","pattern":"a)"}}}`), form(`{"properties":{"a":{"type":"string","pattern":"*"}}}`),
			form(`{"properties":{"a":{"type":"string","pattern":"[z-a]"}}}`), form(`{"properties":{"a":{"type":"string","pattern":"a\\"}}}`),
			form(`{"properties":{"a":{"type":"array","items":{"type":"string","pattern":"[a"}}}}`),
		},
		"Otherwise does no": {otherwise(5), otherwise(map[string]int{"name": 1}), otherwise(nil)},
		"": {
			form(who), form(`{}`), form(`true`), otherwise(map[string]string{"name": "Ada"}), tasks.Visit("?", "https://example.com", "v"),
			form(`{"properties":{"a":{"type":"string","pattern":"^(?=.*[0-9])"}}}`), // no pattern of Go, but one of JSON schemas
			form(`{"properties":{"a":{"type":"string","pattern":"[^]+"},"b":{"type":"string","pattern":"[]"},"c":{"type":"string","pattern":"\\p{Script=Greek}"}}}`),
			form(`{"properties":{"a":{"type":"string","pattern":"(?<!b)\\1\\u00e9[\\w-.]{2000}"},"b":{"type":"string","pattern":"[a-\\d]"}}}`),
			form(`{}`).Within(time.Second).Otherwise(nil),
		},
	} {
		for _, r := range requests {
			var asked asker
			_, err := tasks.NewAttempt(tasks.NewID(0), 1, &asked, nil).Ask(t.Context(), "k", r)
			if want == "" {
				if err != nil || asked.questions != 1 {
					t.Errorf("%s %s: %v", r.Params, r.Default, err)
				}
				continue
			}
			if err == nil || asked.questions != 0 || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"k"`) {
				t.Errorf("%s %s: %v, want %q", r.Params, r.Default, err, want)
			}
			if before := (tasks.Policy{Before: []tasks.Question{{Key: "k", Request: r}}}).Validate(); before == nil {
				t.Errorf("%s %s: may be asked before", r.Params, r.Default)
			}
		}
	}
}

// asker counts what is asked.
type asker struct {
	tasks.Runtime
	questions int
}

func (a *asker) Ask(context.Context, tasks.Question) (json.RawMessage, error) {
	a.questions++
	return json.RawMessage(`{"action":"decline"}`), nil
}
