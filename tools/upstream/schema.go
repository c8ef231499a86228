package upstream

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// objectSchema returns an input schema that says outright what the specification takes for granted: arguments are an object.
func objectSchema(raw json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	changed := mend(m)
	if _, ok := m["type"]; !ok {
		m["type"], changed = json.RawMessage(`"object"`), true
	}
	if !changed {
		return raw
	}
	return encode(m)
}

// usualLevels are more than the arguments of a call have.
const usualLevels = 32

// checkable: documents can be checked against it here. Compiling a schema passes over types that there are not.
func checkable(schema json.RawMessage) bool {
	if s, err := tasks.CompileSchema(schema); err != nil || !s.Follows(usualLevels) {
		return false
	}
	var v any
	return json.Unmarshal(schema, &v) == nil && knowsTypes(v)
}

// knowsTypes walks a schema, or a list of them.
func knowsTypes(schema any) bool {
	switch v := schema.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(part any) bool { return !knowsTypes(part) })
	case map[string]any:
		for keyword, part := range v {
			switch keyword {
			case "type":
				if !isType(part) {
					return false
				}
			case "properties", "patternProperties", "dependentSchemas", "$defs", "definitions":
				if named, ok := part.(map[string]any); ok && !knowsTypes(slices.Collect(maps.Values(named))) {
					return false
				}
			case "default", "const", "enum", "examples": // values
			default:
				if !knowsTypes(part) {
					return false
				}
			}
		}
	}
	return true
}

var schemaTypes = []any{"string", "number", "integer", "boolean", "array", "object", "null"}

// isType: a type, or a list of some.
func isType(v any) bool {
	list, ok := v.([]any)
	if !ok {
		return slices.Contains(schemaTypes, v)
	}
	return len(list) > 0 && !slices.ContainsFunc(list, func(one any) bool { return !slices.Contains(schemaTypes, one) })
}

// promised is an output schema that results can be held to, as every revision has it. Nil: there is none, and better no promise than no tool.
func promised(raw json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || string(m["type"]) != `"object"` || mend(m) {
		return nil
	}
	if !checkable(raw) {
		return nil
	}
	return raw
}

// mend changes what hosts refuse a whole list of tools for, also those of other servers: properties and required that are of another kind,
// such as null or the empty list that PHP makes of no properties, and properties whose schema is true or false.
func mend(m members) (changed bool) {
	var properties map[string]json.RawMessage
	if raw, ok := m["properties"]; ok && (json.Unmarshal(raw, &properties) != nil || properties == nil) {
		delete(m, "properties")
		changed = true
	}
	var required []string
	if raw, ok := m["required"]; ok && (json.Unmarshal(raw, &required) != nil || required == nil) {
		delete(m, "required")
		changed = true
	}
	mended := false
	for name, schema := range properties {
		switch string(schema) {
		case "true":
			properties[name], mended = json.RawMessage(`{}`), true
		case "false":
			properties[name], mended = json.RawMessage(`{"not":{}}`), true
		}
	}
	if mended {
		m["properties"] = encode(properties)
	}
	return changed || mended
}
