package upstream

import (
	"encoding/json"
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

// checkable: arguments can be checked against it here. Compiling a schema passes over types that there are not.
func checkable(schema json.RawMessage) bool {
	var v any
	if json.Unmarshal(schema, &v) != nil || !knowsTypes(v) {
		return false
	}
	_, err := tasks.CompileSchema(schema)
	return err == nil
}

var schemaTypes = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

func knowsTypes(schema any) bool {
	switch v := schema.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(part any) bool { return !knowsTypes(part) })
	case map[string]any:
		for name, part := range v {
			kind, named := part.(string)
			if name == "type" && named && !slices.Contains(schemaTypes, kind) || !isValue(name) && !knowsTypes(part) {
				return false
			}
		}
	}
	return true
}

// isValue: what stands there is no schema.
func isValue(keyword string) bool {
	return slices.Contains([]string{"default", "const", "enum", "examples"}, keyword)
}

// promised is an output schema that results can be held to, as every revision has it. Nil: there is none, and better no promise than no tool.
func promised(raw json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || string(m["type"]) != `"object"` || mend(m) {
		return nil
	}
	if _, err := tasks.CompileSchema(raw); err != nil {
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
