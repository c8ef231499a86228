package tasks

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// requestedSchema is what a form wants to know. Nil: it does not say.
func (r InputRequest) requestedSchema() json.RawMessage {
	var form struct {
		RequestedSchema json.RawMessage `json:"requestedSchema"`
	}
	if r.Kind() != CanFillForms || json.Unmarshal(r.Params, &form) != nil {
		return nil
	}
	return form.RequestedSchema
}

// Fits explains how what the user filled in breaks the form. One whose schema cannot be compiled takes everything: its pattern may be in
// words that Go does not have, and no answer could mend it.
func (r InputRequest) Fits(content json.RawMessage) error {
	raw := r.requestedSchema()
	if raw == nil {
		return nil
	}
	schema, err := CompileSchema(raw)
	if err != nil {
		return nil //nolint:nilerr // not the answer's fault
	}
	return schema.Validate(content)
}

// checkForm finds a form that nobody could fill in before anybody is asked to.
func (r InputRequest) checkForm() error {
	raw := r.requestedSchema()
	if raw == nil {
		return nil
	}
	var s jsonschema.Schema
	if err := Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("its schema is no JSON schema: %w", err)
	}
	if !takes(&s, "object") {
		return errors.New(`the type of its schema is "object", with a property for each field`)
	}
	for name, p := range s.Properties {
		if err := checkField(p); err != nil {
			return fmt.Errorf("its schema, property %q: %w", name, err)
		}
	}
	if _, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true}); err != nil {
		return fmt.Errorf("its schema does not resolve: %w", err)
	}
	return nil
}

func takes(s *jsonschema.Schema, kind string) bool {
	return s.Type == kind || s.Type == "" && (s.Types == nil || slices.Contains(s.Types, kind))
}

var schemaTypes = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

// checkField looks at what compiling a schema passes over: types that there are not.
func checkField(s *jsonschema.Schema) error {
	for s != nil {
		for _, kind := range append(slices.Clone(s.Types), s.Type) {
			if kind != "" && !slices.Contains(schemaTypes, kind) {
				return fmt.Errorf("there is no type %q", kind)
			}
		}
		if err := checkPattern(s.Pattern); err != nil {
			return err
		}
		s.Pattern = "" // of another dialect than ours, it may be: the client's to apply
		s = s.Items
	}
	return nil
}

// brokenPatterns are the errors that a regular expression has in every dialect. Others are about what only some of them know.
var brokenPatterns = []syntax.ErrorCode{
	syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrUnexpectedParen, syntax.ErrMissingRepeatArgument,
	syntax.ErrInvalidCharRange, syntax.ErrTrailingBackslash,
}

// checkPattern finds a pattern that is none to any client: no answer would be one that it matches.
func checkPattern(pattern string) error {
	_, err := syntax.Parse(pattern, syntax.Perl)
	e, ok := errors.AsType[*syntax.Error](err)
	switch {
	case !ok, !slices.Contains(brokenPatterns, e.Code):
		return nil
	case e.Code == syntax.ErrMissingBracket && (strings.Contains(pattern, "[]") || strings.Contains(pattern, "[^]")): // any, and no letter, in JavaScript
		return nil
	case e.Code == syntax.ErrInvalidCharRange && (strings.HasPrefix(e.Expr, `\p`) || strings.HasPrefix(e.Expr, `\P`)): // a class of letters that Go has not
		return nil
	}
	return fmt.Errorf("the pattern %.100q is no regular expression: %s", pattern, e.Code)
}

// checkDefault finds an answer that the form it is for would not take.
func (r InputRequest) checkDefault() error {
	reply := ParseReply(r.Default)
	if r.Default == nil || r.Kind() != CanFillForms || !reply.Accepted() {
		return nil
	}
	content := reply.Content
	if string(content) == "null" {
		content = nil
	}
	if len(content) > 0 && content[0] != '{' {
		return errors.New("it is not an object, as what is filled in")
	}
	return r.Fits(content)
}
