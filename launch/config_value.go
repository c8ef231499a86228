package launch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// value is a part of a configuration that knows where it stands, so that what is wrong with it can be found.
type value struct {
	path string
	name string
	node ast.Node
}

// fault is something that is wrong in a configuration.
type fault struct {
	path string
	at   *token.Token
	what string
}

func (f *fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.path, f.at.Position.Line, f.at.Position.Column, f.what)
}

func (v value) wrong(format string, args ...any) error {
	return &fault{v.path, first(v.node), fmt.Sprintf(format, args...)}
}

func (v value) mustBe(what string) error {
	return v.wrong("%s must be %s, not %s", v.name, what, v.kind())
}

// first is where a value begins. The own token of an object is the colon after its first key.
func first(n ast.Node) *token.Token {
	if m, ok := n.(ast.MapNode); ok {
		if i := m.MapRange(); i.Next() {
			return i.Key().GetToken()
		}
	}
	return n.GetToken()
}

// kind is what a value is, in words.
func (v value) kind() string {
	switch v.node.Type() {
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.MappingType, ast.MappingValueType:
		return "an object"
	case ast.SequenceType:
		return "a list"
	}
	return "YAML's " + v.node.Type().YAMLName() // anchors, aliases, tags: nothing here needs them
}

// members are the keys that an object may have, each with what reads its value.
type members map[string]func(value) error

// object reads an object that has no other members than these, and all that are required.
func (v value) object(known members, required ...string) error {
	m, ok := v.node.(ast.MapNode)
	if !ok {
		return v.mustBe("an object")
	}
	var errs []error
	seen := make(map[string]bool)
	for i := m.MapRange(); i.Next(); {
		key := value{v.path, "a key", i.Key()}
		name, err := key.text()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[name] = true
		if read := known[name]; read != nil {
			errs = append(errs, read(value{v.path, name, i.Value()}))
		} else {
			errs = append(errs, key.wrong("unknown key %s%s", name, spelling.Suggestion(name, slices.Sorted(maps.Keys(known)))))
		}
	}
	for _, name := range required {
		if !seen[name] {
			errs = append(errs, v.wrong("%s is missing", name))
		}
	}
	return errors.Join(errs...)
}

// list reads a list, entry by entry. One that is there and empty is one.
func (v value) list(read func(value) error) error {
	list, ok := v.node.(*ast.SequenceNode)
	if !ok {
		if v.node.Type() == ast.NullType {
			return nil
		}
		return v.mustBe("a list")
	}
	var errs []error
	for _, n := range list.Values {
		errs = append(errs, read(value{v.path, "an entry of " + v.name, n}))
	}
	return errors.Join(errs...)
}

func (v value) text() (string, error) {
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	}
	return "", v.mustBe("text")
}

// duration reads a time that is not nothing.
func (v value) duration() (time.Duration, error) {
	if n, ok := v.node.(*ast.IntegerNode); ok {
		return 0, v.wrong("%s has no unit: write %ss, or %sm", v.name, n.Token.Value, n.Token.Value)
	}
	text, err := v.text()
	if err != nil {
		return 0, v.mustBe("a time such as 50s or 5m")
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, v.wrong("%s %q: use a number with a unit, such as 50s or 5m", v.name, text)
	case d <= 0:
		return 0, v.wrong("%s %s: it must be positive", v.name, text)
	}
	return d, nil
}
