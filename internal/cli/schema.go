package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// property is one value that a schema describes.
type property struct {
	Name        string          `json:"-"`
	Type        typeNames       `json:"type"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Enum        []any           `json:"enum"`
	OneOf       []choice        `json:"oneOf"`
	Default     json.RawMessage `json:"default"`
	Items       *property       `json:"items"`
}

type choice struct {
	Const any    `json:"const"`
	Title string `json:"title"`
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
	var doc struct {
		Properties map[string]property `json:"properties"`
		Required   []string            `json:"required"`
		Additional json.RawMessage     `json:"additionalProperties"`
	}
	var ordered struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return s, fmt.Errorf("the schema cannot be read: %w", err)
	}
	_ = json.Unmarshal(raw, &ordered) // the same document again
	for _, name := range memberNames(ordered.Properties) {
		p := doc.Properties[name]
		p.Name = name
		s.Properties = append(s.Properties, p)
	}
	s.Required = doc.Required
	s.Open = len(s.Properties) == 0 || string(doc.Additional) == "true"
	return s, nil
}

// memberNames are the names of an object's members in their order.
func memberNames(object json.RawMessage) (names []string) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
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
	item := property{Name: p.Name}
	if p.Items != nil {
		item = *p.Items
		item.Name = p.Name
	}
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
