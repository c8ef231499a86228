package tasks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is a compiled JSON schema. It may be used by many goroutines at once.
type Schema struct {
	resolved *jsonschema.Resolved
	levels   int // that a document may have; 0: any number
}

// CompileSchema reads a JSON schema (2020-12). One that no document could be checked against in good time is an error.
func CompileSchema(raw json.RawMessage) (*Schema, error) {
	s, err := parseSchema(raw)
	if err != nil {
		return nil, fmt.Errorf("not a JSON schema: %w", err)
	}
	return compileSchema(s)
}

func parseSchema(raw json.RawMessage) (*jsonschema.Schema, error) {
	var nested any
	if err := Unmarshal(raw, &nested); err != nil {
		return nil, err
	}
	if n := levelsOf(nested); n > maxSchemaNesting {
		return nil, fmt.Errorf("nested %d deep, the limit is %d", n, maxSchemaNesting)
	}
	var s jsonschema.Schema
	return &s, Unmarshal(raw, &s)
}

func compileSchema(s *jsonschema.Schema) (*Schema, error) {
	levels, err := boundSchema(s)
	if err != nil {
		return nil, fmt.Errorf("schema cannot be used: %w", err)
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		return nil, fmt.Errorf("schema does not resolve: %w", err)
	}
	return &Schema{resolved, levels}, nil
}

// Follows reports whether documents of so many levels can be checked: one that checks each part again and again, in alternatives that refer to
// the whole, only follows a few.
func (s *Schema) Follows(levels int) bool { return s.levels == 0 || levels <= s.levels }

const maxComplaint = 1024

// Validate explains how a JSON document breaks the schema.
func (s *Schema) Validate(doc json.RawMessage) error {
	_, err := s.decode(doc)
	return err
}

// Fill validates a JSON object and returns it with the schema's defaults for the members that it lacks. The other members stay as they were
// written: numbers keep all their digits.
func (s *Schema) Fill(doc json.RawMessage) (json.RawMessage, error) {
	v, err := s.decode(doc)
	if err != nil {
		return nil, err
	}
	filled, ok := v.(map[string]any)
	if !ok {
		return doc, nil
	}
	given := make(map[string]json.RawMessage, len(filled))
	if len(filled) > 0 {
		if err := json.Unmarshal(doc, &given); err != nil {
			return nil, fmt.Errorf("not a JSON object: %w", err)
		}
	}
	if err := s.resolved.ApplyDefaults(&filled); err != nil {
		return nil, fmt.Errorf("apply defaults: %w", err)
	}
	for name, value := range filled {
		if _, ok := given[name]; !ok {
			if given[name], err = json.Marshal(value); err != nil {
				return nil, fmt.Errorf("apply defaults: %w", err)
			}
		}
	}
	return json.Marshal(given)
}

func (s *Schema) decode(doc json.RawMessage) (any, error) {
	var v any
	if len(bytes.TrimSpace(doc)) == 0 {
		v = map[string]any{}
	} else if err := json.Unmarshal(doc, &v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if n := levelsOf(v); !s.Follows(n) {
		return nil, fmt.Errorf("nested %d deep: the schema is recursive, and followed %d levels", n, s.levels)
	}
	if err := s.resolved.Validate(v); err != nil {
		return nil, complaint(goObject.ReplaceAllString(err.Error(), "it $1"))
	}
	return v, nil
}

// goObject finds an object of the document, which the library quotes as Go prints it.
var goObject = regexp.MustCompile(`map\[.*\] (has type|does not equal)`)

// complaint bounds an error's text, which may quote what a client sent.
type complaint string

func (c complaint) Error() string {
	if len(c) > maxComplaint {
		return string(c[:maxComplaint]) + "…"
	}
	return string(c)
}
