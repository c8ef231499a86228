package configfile

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// value is a part of a file that knows its place, so that an error can name it.
type value struct {
	*source
	name string
	node ast.Node
}

// source is the file that a value comes from, and how that is read.
type source struct {
	Options
	path    string
	base    string   // the directory where relative paths begin
	without ast.Node // what to read the file without, in search of a culprit; nil: nothing
	trials  *int     // how many such searches were made

	warnings []*fault // what may be wrong
}

// fault is something that is wrong in a file.
type fault struct {
	path string
	at   *token.Token
	what string
}

func (f *fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.path, f.at.Position.Line, f.at.Position.Column, f.what)
}

// IsSlip reports whether an error is about the content of a file: then each of its lines begins with a place, file:line:column.
func IsSlip(err error) bool {
	_, ok := errors.AsType[*fault](err)
	return ok
}

func (v value) wrong(format string, args ...any) error {
	return &fault{v.path, first(v.node), fmt.Sprintf(format, args...)}
}

// warn notes what may be wrong.
func (v value) warn(format string, args ...any) {
	if v.without == nil { // in a search it was noted before
		v.warnings = append(v.warnings, &fault{v.path, first(v.node), "warning: " + fmt.Sprintf(format, args...)})
	}
}

func (v value) mustBe(what string) error {
	return v.wrong("%s must be %s, not %s", v.name, what, v.kind())
}

// first returns where a value begins. An object's own token is the colon after its first key.
func first(n ast.Node) *token.Token {
	if m, ok := n.(ast.MapNode); ok {
		if i := m.MapRange(); i.Next() {
			return i.Key().GetToken()
		}
	}
	return n.GetToken()
}

// kind says in words what kind of value it is.
func (v value) kind() string {
	switch v.node.Type() {
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType:
		return "a number"
	case ast.FloatType:
		return "a number with a fraction"
	case ast.InfinityType, ast.NanType:
		return "no number at all"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.MappingType, ast.MappingValueType:
		return "an object"
	case ast.SequenceType:
		return "a list"
	}
	return "YAML's " + v.node.Type().YAMLName() // anchors, aliases, tags: nothing here needs them
}

// member is a key of an object with its value.
type member struct{ key, value value }

// members returns the members of an object; ok is false if the value is none.
func (v value) members() (list []member, ok bool) {
	m, ok := v.node.(ast.MapNode)
	if !ok {
		return nil, false
	}
	for i := m.MapRange(); i.Next(); {
		if i.Value() != v.without {
			list = append(list, member{value{v.source, "a key", i.Key()}, value{v.source, "", i.Value()}})
		}
	}
	return list, true
}

// entries returns the entries of a list. A null stands for an empty one.
func (v value) entries() (list []value, err error) {
	s, ok := v.node.(*ast.SequenceNode)
	if !ok {
		if v.node.Type() == ast.NullType {
			return nil, nil
		}
		return nil, v.mustBe("a list")
	}
	for _, n := range s.Values {
		if n != v.without {
			list = append(list, value{v.source, "an entry of " + v.name, n})
		}
	}
	return list, nil
}

// digits matches a number. If the YAML parser took one for text, it is too large.
var digits = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)

func (v value) text() (string, error) {
	switch n := v.node.(type) {
	case *ast.StringNode:
		if n.Token.Type == token.StringType && digits.MatchString(n.Value) {
			return "", v.wrong("the number %s is too large; if it is a text write %q", n.Value, n.Value)
		}
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	}
	switch v.node.Type() {
	case ast.BoolType, ast.IntegerType, ast.FloatType:
		return "", v.wrong("%s must be text, not %s: write %q", v.name, v.kind(), v.node.GetToken().Value)
	}
	return "", v.mustBe("text")
}

// faults returns the errors that an error was joined from.
func faults(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) // only what was joined is taken apart, not what was wrapped
	if !ok {
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, faults(e)...)
	}
	return list
}
