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

// requestedSchema returns the schema of a form. Nil: it has none.
func (r InputRequest) requestedSchema() json.RawMessage {
	var form struct {
		RequestedSchema json.RawMessage `json:"requestedSchema"`
	}
	if r.Kind() != CanFillForms || json.Unmarshal(r.Params, &form) != nil {
		return nil
	}
	return form.RequestedSchema
}

// Fits explains why what the user filled in does not fit the form. A form whose schema cannot be compiled takes anything: its pattern may be
// in a dialect that Go does not know, and then no answer would fit.
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
	s, err := parseSchema(raw)
	if err != nil {
		return fmt.Errorf("its schema is no JSON schema: %w", err)
	}
	if !takes(s, "object") {
		return errors.New(`the type of its schema is "object", with a property for each field`)
	}
	for name, p := range s.Properties {
		if err := checkField(p); err != nil {
			return fmt.Errorf("its schema, property %q: %w", name, err)
		}
	}
	if _, err := compileSchema(s); err != nil {
		return fmt.Errorf("its %w", err)
	}
	return nil
}

func takes(s *jsonschema.Schema, kind string) bool {
	return s.Type == kind || s.Type == "" && (s.Types == nil || slices.Contains(s.Types, kind))
}

var schemaTypes = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

// checkField finds what compiling a schema does not: types that do not exist, and broken patterns.
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
		s.Pattern = "" // its dialect may not be ours: the client applies it
		s = s.Items
	}
	return nil
}

// brokenPatterns are errors in every dialect of regular expressions. Others are about what only some dialects know.
var brokenPatterns = []syntax.ErrorCode{
	syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrUnexpectedParen, syntax.ErrMissingRepeatArgument,
	syntax.ErrInvalidCharRange, syntax.ErrTrailingBackslash,
}

// checkPattern finds a pattern that is broken for every client: no answer would match it.
func checkPattern(pattern string) error {
	_, err := syntax.Parse(pattern, syntax.Perl)
	e, ok := errors.AsType[*syntax.Error](err)
	switch {
	case !ok, !slices.Contains(brokenPatterns, e.Code):
		return nil
	case e.Code == syntax.ErrMissingBracket && (strings.Contains(pattern, "[]") || strings.Contains(pattern, "[^]")): // in JavaScript these match nothing, and anything
		return nil
	case e.Code == syntax.ErrInvalidCharRange && (strings.HasPrefix(e.Expr, `\p`) || strings.HasPrefix(e.Expr, `\P`)): // a class of characters that Go does not know
		return nil
	}
	return fmt.Errorf("the pattern %.100q is no regular expression: %s", pattern, e.Code)
}

// checkDefault finds a default answer that its own form would not take.
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
