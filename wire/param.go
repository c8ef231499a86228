package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// ParamHeader is an argument that a tool's schema wants repeated in a header, by x-mcp-header.
type ParamHeader struct {
	Header string   // "Mcp-Param-Region"
	Path   []string // of properties, from the schema's root
}

// ParamHeaders finds the annotated properties of an input schema, in the order of their headers. An annotation that the
// specification forbids (Schema Extension) is an error: clients leave such a tool out.
func ParamHeaders(schema json.RawMessage) ([]ParamHeader, error) {
	var root any
	if err := tasks.Unmarshal(schema, &root); err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	var found []ParamHeader
	if err := collectHeaders(root, nil, &found); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b ParamHeader) int {
		return strings.Compare(strings.ToLower(a.Header), strings.ToLower(b.Header))
	})
	for i := 1; i < len(found); i++ {
		if strings.EqualFold(found[i-1].Header, found[i].Header) {
			return nil, fmt.Errorf("two properties have the x-mcp-header of %s", found[i].Header)
		}
	}
	return found, nil
}

// collectHeaders walks the properties of a schema. In one that is true or false, or no schema at all, there are none.
func collectHeaders(schema any, path []string, found *[]ParamHeader) error {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	for name, p := range properties {
		at := append(path, name) //nolint:gocritic // one property after the other; a copy at each level would cost the square of their depth
		if annotated, ok := p.(map[string]any); ok && annotated[paramKeyword] != nil {
			h, err := headerOf(annotated)
			if err != nil {
				return fmt.Errorf("property %q: %w", strings.Join(at, "."), err)
			}
			*found = append(*found, ParamHeader{Header: headerParam + h, Path: slices.Clone(at)})
		}
		if err := collectHeaders(p, at, found); err != nil {
			return err
		}
	}
	return nil
}

const paramKeyword = "x-mcp-header"

func headerOf(annotated map[string]any) (string, error) {
	name, ok := annotated[paramKeyword].(string)
	if !ok || !token(name) {
		return "", fmt.Errorf("%s %.100q is no header name", paramKeyword, fmt.Sprint(annotated[paramKeyword]))
	}
	if kind, _ := annotated["type"].(string); !slices.Contains([]string{"string", "integer", "boolean"}, kind) {
		return "", fmt.Errorf("%s is for strings, integers and booleans only", paramKeyword)
	}
	return name, nil
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// Check compares the header's values with the call's arguments (Server Behavior for Custom Headers).
func (p ParamHeader) Check(values []string, arguments json.RawMessage) error {
	raw, ok := p.lookup(arguments)
	switch {
	case !ok && len(values) > 0:
		return fmt.Errorf("header %s came without its argument %q", p.Header, strings.Join(p.Path, "."))
	case !ok:
		return nil
	case len(values) != 1:
		return fmt.Errorf("header %s is required once, for argument %q", p.Header, strings.Join(p.Path, "."))
	}
	got, err := DecodeHeader(values[0])
	if err != nil {
		return fmt.Errorf("header %s %w", p.Header, err)
	}
	if !same(got, raw) {
		return fmt.Errorf("header %s does not match argument %q", p.Header, strings.Join(p.Path, "."))
	}
	return nil
}

// Value is what the header of a call with these arguments holds; none if there is no such argument.
func (p ParamHeader) Value(arguments json.RawMessage) (value string, ok bool) {
	raw, ok := p.lookup(arguments)
	var v any
	if !ok || json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return EncodeHeader(v), true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// lookup reads the value at the exact path; null counts as absent.
func (p ParamHeader) lookup(raw json.RawMessage) (json.RawMessage, bool) {
	for _, name := range p.Path {
		var o Object
		if json.Unmarshal(raw, &o) != nil || !o.Has(name) {
			return nil, false
		}
		raw = o[name]
	}
	return raw, true
}

const maxSafeInteger = 1<<53 - 1

func same(header string, raw json.RawMessage) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return false
	}
	switch v := v.(type) {
	case string:
		return header == v
	case bool:
		return header == strconv.FormatBool(v)
	case float64: // integers are compared as numbers: 42.0 is 42 (Server Validation)
		n, err := strconv.ParseFloat(header, 64)
		return err == nil && n == v && n == math.Trunc(n) && math.Abs(n) <= maxSafeInteger
	}
	return false
}
