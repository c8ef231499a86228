package tasks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// nested is a document of n objects in each other.
func nested(n int, name string) json.RawMessage {
	return json.RawMessage(strings.Repeat(`{"`+name+`":`, n-1) + "{}" + strings.Repeat("}", n-1))
}

// A schema that checking would never end with, or not in good time, is told when it is compiled.
func TestASchemaThatCannotBeFollowedIsRefused(t *testing.T) {
	t.Parallel()
	doubled := new(strings.Builder) // each checks twice what the next one checks
	for i := range 30 {
		fmt.Fprintf(doubled, `"d%d":{"allOf":[{"$ref":"#/$defs/d%[2]d"},{"$ref":"#/$defs/d%[2]d"}]},`, i, i+1)
	}
	for name, c := range map[string]struct{ schema, says string }{
		"itself":             {`{"$ref":"#"}`, "refers to itself"},
		"itself, by a list":  {`{"properties":{"a":{"anyOf":[{"$ref":"#/properties/a"}]}}}`, "refers to itself"},
		"in a circle":        {`{"$ref":"#/$defs/a","$defs":{"a":{"not":{"$ref":"#/$defs/b"}},"b":{"if":{"$ref":"#a"}},"c":{"$anchor":"a","$ref":"#/$defs/a"}}}`, "refers to itself"},
		"with a default":     {`{"properties":{"a":{"$ref":"#/properties/a","default":1}}}`, "refers to itself"},
		"in what depends":    {`{"dependentSchemas":{"a":{"$ref":"#"}}}`, "refers to itself"},
		"at once":            {`{"$ref":"#/$defs/d0","$defs":{` + doubled.String() + `"d30":{}}}`, "too long"},
		"on the way":         {`{"properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{` + strings.ReplaceAll(strings.ReplaceAll(doubled.String(), `{"$ref"`, `{"properties":{"a":{"$ref"`), `"}`, `"}}}`) + `"d30":{}}}`, ""},
		"deep":               {`{"default":` + string(nested(100, "a")) + `}`, "nested 101 deep, the limit is 100"},
		"nowhere":            {`{"$ref":"#/$defs/none"}`, `"#/$defs/none" is no schema in it`},
		"elsewhere":          {`{"$ref":"https://example.com/schema"}`, "is no schema in it"},
		"dynamic":            {`{"$dynamicRef":"#x","$dynamicAnchor":"x"}`, "cannot be used here"},
		"another within":     {`{"properties":{"a":{"$id":"https://example.com/a","$ref":"#"}}}`, "cannot be used here"},
		"a default too deep": {`{"properties":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}},"default":` + string(nested(60, "a")) + `}`, "too long"},
	} {
		_, err := tasks.CompileSchema(json.RawMessage(c.schema))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

// A recursive schema is followed as deep as it can be in good time, and documents that are deeper are refused.
func TestARecursiveSchemaIsFollowedSoFar(t *testing.T) {
	t.Parallel()
	const jsonValue = `{"$defs":{"json":{"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#/$defs/json"}},
		{"type":"object","additionalProperties":{"$ref":"#/$defs/json"}}]}},"properties":{"a":{"$ref":"#/$defs/json"}}}`
	for name, c := range map[string]struct {
		schema string
		levels int // 0: any number
	}{
		"none":                 {`{"properties":{"b":{"type":"string"}}}`, 0},
		"a list":               {`{"properties":{"a":{"$ref":"#"}}}`, 64},
		"a tree":               {`{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}}`, 64},
		"or any other":         {`{"properties":{"a":{"$ref":"#"}},"additionalProperties":{"$ref":"#"}}`, 64},
		"places":               {`{"prefixItems":[{"$ref":"#"},{"$ref":"#"}],"items":{"$ref":"#"},"properties":{"a":{"$ref":"#"}}}`, 64},
		"any JSON":             {jsonValue, 64},
		"by its address":       {`{"$id":"https://example.com/a","properties":{"a":{"$ref":"https://example.com/a#"}}}`, 64},
		"a choice of two":      {`{"anyOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}`, 13},
		"a choice of a choice": {`{"properties":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}},"patternProperties":{"a":{"$ref":"#"}}}`, 6},
	} {
		s, err := tasks.CompileSchema(json.RawMessage(c.schema))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		most := c.levels
		if most == 0 {
			most = 1000
		}
		if !s.Follows(most) || s.Follows(most+1) != (c.levels == 0) {
			t.Errorf("%s: does not follow %d levels", name, most)
		}
		if err := s.Validate(nested(most, "a")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Validate(nested(most+1, "a")); (err != nil) != (c.levels > 0) {
			t.Errorf("%s, one deeper: %v", name, err)
		} else if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("nested %d deep", most+1)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
