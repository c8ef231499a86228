package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// property is one value that a schema describes. What of it cannot be read, such as items that are a list, is left out: anything else that
// JSON Schema allows is the tool's to check.
type property struct {
	Name        string
	Type        typeNames
	Title       string
	Description string
	Enum        []any
	OneOf       []choice
	Default     json.RawMessage
	Items       json.RawMessage // a property, which is read when it is needed: it may have items of its own, and so on
}

type choice struct {
	Const any    `json:"const"`
	Title string `json:"title"`
}

// members are those of an object, read one by one, so that one that is not as expected spoils no other.
type members map[string]json.RawMessage

// member reads a member. Zero: there is none, or it is something else.
func member[T any](of members, name string) T {
	var v, none T
	if json.Unmarshal(of[name], &v) != nil {
		return none
	}
	return v
}

func readProperty(name string, raw json.RawMessage) property {
	var doc members
	_ = json.Unmarshal(raw, &doc) // it may be true or false
	return property{
		Name:        name,
		Type:        member[typeNames](doc, "type"),
		Title:       member[string](doc, "title"),
		Description: member[string](doc, "description"),
		Enum:        member[[]any](doc, "enum"),
		OneOf:       member[[]choice](doc, "oneOf"),
		Default:     doc["default"],
		Items:       doc["items"],
	}
}

// typeNames is "string" or ["null", "array"].
type typeNames []string

func (t *typeNames) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(t))
	}
	var one string
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*t = []string{one}
	return nil
}

// schema is what an object may hold, as far as a command line or a form needs to know.
type schema struct {
	Properties []property // in the order of the document, which is how a form is meant to be asked
	Required   []string
	Open       bool // other properties are welcome
}

func readSchema(raw json.RawMessage) (schema, error) {
	var s schema
	var doc members
	if err := json.Unmarshal(raw, &doc); err != nil {
		return s, fmt.Errorf("the schema cannot be read: %w", err)
	}
	properties := member[members](doc, "properties")
	for _, name := range memberNames(doc["properties"]) {
		s.Properties = append(s.Properties, readProperty(name, properties[name]))
	}
	s.Required = member[[]string](doc, "required")
	s.Open = len(s.Properties) == 0 || string(doc["additionalProperties"]) == "true"
	return s, nil
}

// memberNames are the names of an object's members in their order.
func memberNames(object json.RawMessage) (names []string) {
	d := json.NewDecoder(bytes.NewReader(object))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return names
		}
		names = append(names, fmt.Sprint(name))
	}
	return names
}

func (s schema) names() []string {
	names := make([]string, len(s.Properties))
	for i, p := range s.Properties {
		names[i] = p.Name
	}
	return names
}

func (s schema) property(name string) (property, bool) {
	i := slices.IndexFunc(s.Properties, func(p property) bool { return p.Name == name })
	if i < 0 {
		return property{Name: name}, false
	}
	return s.Properties[i], true
}

func (s schema) required(name string) bool { return slices.Contains(s.Required, name) }

// kind is the type that is worth asking for: null is only what is left out.
func (p property) kind() string {
	for _, t := range p.Type {
		if t != "null" {
			return t
		}
	}
	return ""
}

// choices are the values to choose from, as people write them.
func (p property) choices() []string {
	var list []string
	for _, v := range p.Enum {
		list = append(list, fmt.Sprint(v))
	}
	for _, c := range p.OneOf {
		if c.Const != nil {
			list = append(list, fmt.Sprint(c.Const))
		}
	}
	return list
}

// values are all that there is to write.
func (p property) values() []string {
	if p.kind() == "boolean" {
		return []string{"true", "false"}
	}
	return p.choices()
}

// value reads what a person wrote as what the schema wants.
func (p property) value(text string) (any, error) {
	if list := p.choices(); len(list) > 0 && !slices.Contains(list, text) {
		return nil, fmt.Errorf("%s: %q is none of %s", p.Name, text, strings.Join(list, ", "))
	}
	switch p.kind() {
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		return n, p.explain(err, text, "whole number")
	case "number":
		n, err := strconv.ParseFloat(text, 64)
		return n, p.explain(err, text, "number")
	case "boolean":
		return p.boolean(text)
	case "array":
		return p.array([]string{text})
	case "object":
		if !json.Valid([]byte(text)) {
			return nil, p.explain(strconv.ErrSyntax, text, "JSON object")
		}
		return json.RawMessage(text), nil
	}
	return text, nil
}

func (p property) boolean(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "1", "on":
		return true, nil
	case "false", "no", "n", "0", "off":
		return false, nil
	}
	return nil, p.explain(strconv.ErrSyntax, text, "true or false")
}

// array is a list that was given piece by piece, or in one piece with commas, or as JSON.
func (p property) array(texts []string) (any, error) {
	if len(texts) == 1 {
		if strings.HasPrefix(texts[0], "[") && json.Valid([]byte(texts[0])) {
			return json.RawMessage(texts[0]), nil
		}
		texts = strings.Split(texts[0], ",")
	}
	item := readProperty(p.Name, p.Items)
	list := make([]any, 0, len(texts))
	for _, text := range texts {
		v, err := item.value(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (p property) explain(err error, text, wanted string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %q is no %s", p.Name, text, wanted)
}

// String tells people what the property is for: "path (string): which files".
func (p property) String() string {
	s := p.label()
	if what := strings.TrimSpace(p.Title + " " + p.Description); what != "" {
		s += ": " + what
	}
	if list := p.choices(); len(list) > 0 {
		s += " [" + strings.Join(list, ", ") + "]"
	}
	return s
}

func (p property) label() string {
	if kind := p.kind(); kind != "" {
		return p.Name + " (" + kind + ")"
	}
	return p.Name
}
