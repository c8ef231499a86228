package launch

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// exampleArguments makes arguments that a schema is likely to accept: its required properties, each with its example, default, or a
// plain value of its type.
func exampleArguments(schema json.RawMessage) string {
	var s struct {
		Properties map[string]struct {
			Type     any   `json:"type"`
			Default  any   `json:"default"`
			Examples []any `json:"examples"`
			Enum     []any `json:"enum"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return "{}"
	}
	args := make(map[string]any, len(s.Required))
	for _, name := range s.Required {
		p := s.Properties[name]
		switch {
		case len(p.Examples) > 0:
			args[name] = p.Examples[0]
		case p.Default != nil:
			args[name] = p.Default
		case len(p.Enum) > 0:
			args[name] = p.Enum[0]
		default:
			args[name] = plainValue(p.Type)
		}
	}
	b, err := json.Marshal(args)
	if err != nil {
		return "{}"
	}
	return string(b)
}

func plainValue(t any) any {
	if list, ok := t.([]any); ok && len(list) > 0 {
		t = list[len(list)-1] // ["null","array"], as inferred for slices
	}
	switch t {
	case "integer", "number":
		return 1
	case "boolean":
		return true
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	return "text"
}

// exampleWords writes arguments as the command line client takes them, quoted for a shell.
func exampleWords(arguments string) string {
	var args map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &args) != nil {
		return ""
	}
	var words strings.Builder
	for _, name := range slices.Sorted(maps.Keys(args)) {
		word := name + ":=" + string(args[name])
		var text string
		if json.Unmarshal(args[name], &text) == nil && !strings.HasPrefix(text, "@") {
			word = name + "=" + text
		}
		words.WriteString(" " + shellQuoted(word))
	}
	return words.String()
}

func shellQuoted(word string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("_-=:./,@+", r)
	}
	if strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
