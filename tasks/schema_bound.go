package tasks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// A schema may come from a program that nobody here wrote, and checks what anybody sends. The library follows it wherever it leads, so these
// bounds make sure that each check ends, and soon.
const (
	maxSchemaNesting = 100     // reading a schema takes time that grows with the square of it
	maxAtOnce        = 10_000  // schemas that one value is checked against
	maxOnPath        = 100_000 // the same, with the values that it is part of
	maxBoundSteps    = 1_000_000
	maxRecursion     = 64 // levels of a document that a recursive schema is followed into
)

var (
	errCircular = errors.New("it refers to itself, and so checking would never end")
	errCostly   = errors.New("checking a value against it would take too long")
)

// schemaBound finds out what checking costs. It counts, for each schema, how many schemas a value and the costliest of its parts are checked
// against. Documents are bounded already, so what counts is by how much each level of one multiplies that.
type schemaBound struct {
	root      *jsonschema.Schema
	byPointer map[string]*jsonschema.Schema
	atOnce    map[*jsonschema.Schema][]*jsonschema.Schema // nil: it is being found out
	costs     map[levelOf]int
	steps     int
	recursive bool // a document can be deeper than what was followed
	defaults  int  // levels of the deepest: defaults are checked, too
}

type levelOf struct {
	schema *jsonschema.Schema
	levels int
}

// boundSchema returns how many levels a document may have to be checked against a schema; 0: any number.
func boundSchema(root *jsonschema.Schema) (levels int, err error) {
	b := &schemaBound{
		root: root, byPointer: make(map[string]*jsonschema.Schema),
		atOnce: make(map[*jsonschema.Schema][]*jsonschema.Schema), costs: make(map[levelOf]int),
	}
	if err := b.index(root, ""); err != nil {
		return 0, err
	}
	for levels = maxRecursion; levels > 0; levels-- { // what is found out of one is remembered for the next
		n, err := b.cost(root, levels)
		switch {
		case err != nil:
			return 0, err
		case n <= maxOnPath && !b.recursive:
			return 0, nil
		case n <= maxOnPath && b.defaults <= levels:
			return levels, nil
		}
	}
	return 0, errCostly
}

// index finds every schema in this one, by its JSON pointer or its anchor.
func (b *schemaBound) index(s *jsonschema.Schema, pointer string) error {
	if s.ID != "" && s != b.root || s.DynamicRef != "" {
		return errors.New("$dynamicRef, and $id within a schema, cannot be used here")
	}
	b.byPointer[pointer] = s
	if s.Default != nil {
		var v any
		if err := json.Unmarshal(s.Default, &v); err != nil {
			return err
		}
		b.defaults = max(b.defaults, levelsOf(v))
	}
	for _, anchor := range []string{s.Anchor, s.DynamicAnchor} {
		if anchor != "" {
			b.byPointer[anchor] = s
		}
	}
	for at, sub := range subschemas(s) {
		if err := b.index(sub, pointer+"/"+at); err != nil {
			return err
		}
	}
	return nil
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// subschemas are those within a schema, by the rest of their JSON pointers.
func subschemas(s *jsonschema.Schema) map[string]*jsonschema.Schema {
	found := map[string]*jsonschema.Schema{
		"items": s.Items, "additionalItems": s.AdditionalItems, "contains": s.Contains, "unevaluatedItems": s.UnevaluatedItems,
		"additionalProperties": s.AdditionalProperties, "propertyNames": s.PropertyNames, "unevaluatedProperties": s.UnevaluatedProperties,
		"not": s.Not, "if": s.If, "then": s.Then, "else": s.Else, "contentSchema": s.ContentSchema,
	}
	for keyword, list := range map[string][]*jsonschema.Schema{
		"prefixItems": s.PrefixItems, "items": s.ItemsArray, "allOf": s.AllOf, "anyOf": s.AnyOf, "oneOf": s.OneOf,
	} {
		for i, sub := range list {
			found[keyword+"/"+strconv.Itoa(i)] = sub
		}
	}
	for keyword, named := range map[string]map[string]*jsonschema.Schema{
		"$defs": s.Defs, "definitions": s.Definitions, "dependencies": s.DependencySchemas, "dependentSchemas": s.DependentSchemas,
		"properties": s.Properties, "patternProperties": s.PatternProperties,
	} {
		for name, sub := range named {
			found[keyword+"/"+pointerEscaper.Replace(name)] = sub
		}
	}
	maps.DeleteFunc(found, func(_ string, sub *jsonschema.Schema) bool { return sub == nil })
	return found
}

// referred is the schema that a $ref means.
func (b *schemaBound) referred(ref string) (*jsonschema.Schema, error) {
	within, local := strings.CutPrefix(strings.TrimPrefix(ref, b.root.ID), "#")
	pointer, err := url.PathUnescape(within)
	s := b.byPointer[pointer]
	if !local && ref != b.root.ID || err != nil || s == nil {
		return nil, fmt.Errorf("$ref %.100q is no schema in it", ref)
	}
	return s, nil
}

// together are the schemas that a value is checked against where it is checked against this one, each as often as it is.
func (b *schemaBound) together(s *jsonschema.Schema) ([]*jsonschema.Schema, error) {
	if all, ok := b.atOnce[s]; ok && all == nil {
		return nil, errCircular
	} else if ok {
		return all, nil
	}
	b.atOnce[s] = nil
	next := slices.Concat(s.AllOf, s.AnyOf, s.OneOf, []*jsonschema.Schema{s.Not, s.If, s.Then, s.Else},
		slices.Collect(maps.Values(s.DependencySchemas)), slices.Collect(maps.Values(s.DependentSchemas)))
	if s.Ref != "" {
		to, err := b.referred(s.Ref)
		if err != nil {
			return nil, err
		}
		next = append(next, to)
	}
	all := []*jsonschema.Schema{s}
	for _, n := range next {
		if n == nil {
			continue
		}
		more, err := b.together(n)
		if err != nil {
			return nil, err
		}
		if all = append(all, more...); len(all) > maxAtOnce {
			return nil, errCostly
		}
	}
	b.atOnce[s] = all
	return all, nil
}

// cost is how many checks a value of so many levels takes, and the part of it that takes the most, and so on.
func (b *schemaBound) cost(s *jsonschema.Schema, levels int) (int, error) {
	if n, ok := b.costs[levelOf{s, levels}]; ok {
		return n, nil
	}
	all, err := b.together(s)
	if err != nil {
		return 0, err
	}
	if b.steps += len(all); b.steps > maxBoundSteps {
		return 0, errCostly
	}
	var object, array parts
	for _, s := range all {
		object.add(s.Properties, s.AdditionalProperties, s.PropertyNames, s.UnevaluatedProperties)
		object.add(nil, nil, slices.Collect(maps.Values(s.PatternProperties))...)
		array.add(places(s.PrefixItems), s.Items, s.Contains, s.UnevaluatedItems)
		array.add(places(s.ItemsArray), s.AdditionalItems)
	}
	if levels == 0 {
		b.recursive = b.recursive || !object.none() || !array.none()
		return len(all), nil
	}
	ofObject, err := object.cost(b, levels-1)
	if err != nil {
		return 0, err
	}
	ofArray, err := array.cost(b, levels-1)
	if err != nil {
		return 0, err
	}
	n := min(len(all)+max(ofObject, ofArray), maxOnPath+1)
	b.costs[levelOf{s, levels}] = n
	return n, nil
}

func places(list []*jsonschema.Schema) map[string]*jsonschema.Schema {
	byPlace := make(map[string]*jsonschema.Schema, len(list))
	for i, s := range list {
		byPlace[strconv.Itoa(i)] = s
	}
	return byPlace
}

// parts are the schemas that the parts of a value are checked against: one part, by its name or place, against those of this name, those for
// all that are not named beside them, and those for every part.
type parts struct {
	named []applied
	every []*jsonschema.Schema
}

type applied struct {
	byName map[string]*jsonschema.Schema
	other  *jsonschema.Schema
}

func (p *parts) add(byName map[string]*jsonschema.Schema, other *jsonschema.Schema, every ...*jsonschema.Schema) {
	if len(byName) > 0 || other != nil {
		p.named = append(p.named, applied{byName, other})
	}
	p.every = append(p.every, every...)
}

func (p *parts) none() bool { return len(p.named)+len(p.every) == 0 }

// cost is that of the costliest part.
func (p *parts) cost(b *schemaBound, levels int) (int, error) {
	var err error
	of := func(s *jsonschema.Schema) (n int) {
		if s != nil && err == nil {
			n, err = b.cost(s, levels)
		}
		return n
	}
	var common, most int
	for _, s := range p.every {
		common += of(s)
	}
	byName := make(map[string]int) // beyond what any part costs
	for _, a := range p.named {
		other := of(a.other)
		common += other
		for name, s := range a.byName {
			byName[name] += of(s) - other
		}
	}
	for _, n := range byName {
		most = max(most, n)
	}
	return common + most, err
}

// levelsOf is how deep a decoded document is nested.
func levelsOf(v any) (levels int) {
	switch v := v.(type) {
	case map[string]any:
		for _, part := range v {
			levels = max(levels, levelsOf(part))
		}
	case []any:
		for _, part := range v {
			levels = max(levels, levelsOf(part))
		}
	default:
		return 0
	}
	return levels + 1
}
