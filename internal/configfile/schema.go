package configfile

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// schema is a JSON schema of an object, written in YAML.
var schema = kind[json.RawMessage]{
	func(v value) (json.RawMessage, error) {
		_, err := v.json()
		if err = errors.Join(v.isSchema(), v.isForObjects(), err); err != nil {
			return nil, err
		}
		return compiling.read(v)
	},
	&jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"type": {Const: jsonschema.Ptr(any("object"))}}, Required: []string{"type"}},
}

var compiling = kind[json.RawMessage]{read: value.json}.checked(func(_ value, raw json.RawMessage) error {
	_, err := tasks.CompileSchema(raw)
	return err
})

// isForObjects: arguments and results are objects.
func (v value) isForObjects() error {
	members, ok := v.members()
	if !ok {
		return nil // isSchema has said so
	}
	for _, m := range members {
		if name, err := m.key.text(); err == nil && name == "type" {
			if kind, err := m.value.text(); err == nil && kind == "object" {
				return nil
			}
			return m.value.wrong("%s: its type must be object", v.name)
		}
	}
	return v.wrong("%s: its type is missing: it must be object", v.name)
}

// isSchema explains what is wrong with a JSON schema. The specification lets a keyword that nobody knows pass; here it would be a slip.
func (v value) isSchema() error {
	if v.node.Type() == ast.BoolType {
		return nil
	}
	members, ok := v.members()
	if !ok {
		return v.mustBe("a JSON schema, which is an object")
	}
	var errs []error
	for _, m := range members {
		name, err := m.key.text()
		check := keyword(name)
		m.value.name = name
		switch {
		case err != nil:
		case check != nil:
			err = check(m.value)
		case len(name) < 2 || name[:2] != "x-":
			err = m.key.wrong("unknown keyword %s%s", name, unlike(name))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// unlike says which keyword may have been meant, if one looks like it: there are too many to list them.
func unlike(name string) string {
	suggestion := spelling.Suggestion(name, keywords)
	if len(suggestion) > 60 {
		return ": JSON Schema has none like it; names of your own begin with x-"
	}
	return suggestion
}

var keywords = slices.Concat(texts, lengths, numbers, truths, lists, others, schemas, schemaLists, schemaMaps, []string{"type", "pattern"})

var (
	texts       = []string{"$id", "$schema", "$ref", "$comment", "$anchor", "$dynamicAnchor", "$dynamicRef", "title", "description", "format", "contentEncoding", "contentMediaType"}
	lengths     = []string{"minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties"}
	numbers     = []string{"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
	truths      = []string{"deprecated", "readOnly", "writeOnly", "uniqueItems"}
	lists       = []string{"enum", "examples", "required", "enumNames"}
	others      = []string{"default", "const", "dependentRequired", "$vocabulary"}
	schemas     = []string{"items", "additionalItems", "contains", "unevaluatedItems", "additionalProperties", "propertyNames", "unevaluatedProperties", "not", "if", "then", "else", "contentSchema"}
	schemaLists = []string{"prefixItems", "allOf", "anyOf", "oneOf"}
	schemaMaps  = []string{"$defs", "definitions", "properties", "patternProperties", "dependentSchemas"}
	types       = oneOf("null", "boolean", "object", "array", "number", "integer", "string")
)

// keyword is what checks the value of a keyword. Nil: there is none of this name.
func keyword(name string) func(value) error {
	is := func(list []string) bool { return slices.Contains(list, name) }
	switch {
	case name == "type":
		return value.isType
	case name == "pattern":
		return value.isPattern
	case name == "required":
		return reads(listOf(text))
	case is(texts):
		return reads(text)
	case is(lengths):
		return value.isLength
	case is(numbers):
		return value.isNumber
	case is(truths):
		return reads(boolean)
	case is(lists):
		return value.isList
	case is(schemas):
		return value.isSchema
	case is(schemaLists):
		return reads(listOf(kind[bool]{read: func(v value) (bool, error) { return true, v.isSchema() }}))
	case is(schemaMaps):
		return reads(mapOf(anyName, kind[bool]{read: func(v value) (bool, error) { return true, v.isSchema() }}))
	case is(others):
		return func(value) error { return nil }
	}
	return nil
}

func reads[T any](k kind[T]) func(value) error {
	return func(v value) error {
		_, err := k.read(v)
		return err
	}
}

// isType: one type, or several.
func (v value) isType() error {
	if v.node.Type() == ast.SequenceType {
		return reads(listOf(types))(v)
	}
	return reads(types)(v)
}

func (v value) isLength() error {
	if n, ok := v.node.(*ast.IntegerNode); ok {
		if i, ok := n.Value.(uint64); ok && i <= maxCount {
			return nil
		}
	}
	return v.wrong("%s must be a whole number from 0", v.name)
}

func (v value) isPattern() error {
	text, err := v.text()
	if err != nil {
		return err
	}
	if _, err = regexp.Compile(text); err != nil {
		return v.wrong("pattern: %v", err)
	}
	return nil
}

func (v value) isNumber() error {
	switch v.node.Type() {
	case ast.IntegerType, ast.FloatType:
		return nil
	}
	return v.mustBe("a number")
}

func (v value) isList() error {
	if v.node.Type() == ast.SequenceType {
		return nil
	}
	return v.mustBe("a list")
}
