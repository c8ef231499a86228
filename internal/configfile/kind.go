package configfile

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// kind is a kind of value: how it is read, and how the published schema describes it. read returns what could be read even with an error.
type kind[T any] struct {
	read  func(value) (T, error)
	shape *jsonschema.Schema
}

// as is a kind that is read as another one, and then converted.
func as[T, F any](k kind[F], make func(value, F) (T, error)) kind[T] {
	return kind[T]{shape: k.shape, read: func(v value) (T, error) {
		f, err := k.read(v)
		t, wrong := make(v, f)
		return t, errors.Join(err, wrong)
	}}
}

// matching is a kind of text that editors check by a pattern.
func matching[T any](pattern string, k kind[T]) kind[T] {
	return kind[T]{k.read, &jsonschema.Schema{Type: "string", Pattern: pattern}}
}

// maybe is a kind that tells a missing value from a zero one.
func maybe[T any](k kind[T]) kind[*T] {
	return as(k, func(_ value, t T) (*T, error) { return &t, nil })
}

// whole is a kind whose parts are never blamed in a search for a culprit (check.go), only the value as a whole.
func whole[T any](k kind[T]) kind[T] {
	return kind[T]{shape: k.shape, read: func(v value) (T, error) {
		if v.without != nil {
			s := *v.source
			s.without = v.node // leaves out nothing: it is no part of itself
			v.source = &s
		}
		return k.read(v)
	}}
}

var text = kind[string]{value.text, &jsonschema.Schema{Type: "string"}}

var boolean = kind[bool]{
	func(v value) (bool, error) {
		if n, ok := v.node.(*ast.BoolNode); ok {
			return n.Value, nil
		}
		return false, v.mustBe("true or false")
	},
	&jsonschema.Schema{Type: "boolean"},
}

// count is a whole number from 1.
var count = kind[int]{
	func(v value) (int, error) {
		n, ok := v.node.(*ast.IntegerNode)
		if !ok {
			return 0, v.mustBe("a whole number")
		}
		i, ok := n.Value.(uint64)
		switch {
		case !ok || i == 0:
			return 0, v.wrong("%s is %s: use 1 or more, or leave it out", v.name, n.Token.Value)
		case i > maxCount:
			return 0, v.wrong("%s is %s: use at most %d", v.name, n.Token.Value, maxCount)
		}
		return int(i), nil
	},
	&jsonschema.Schema{Type: "integer", Minimum: jsonschema.Ptr(1.0), Maximum: jsonschema.Ptr(float64(maxCount))},
}

const maxCount = 1_000_000_000

// number is one above 0, with or without a fraction.
var number = kind[float64]{
	func(v value) (float64, error) {
		if v.node.Type() == ast.IntegerType {
			i, err := count.read(v)
			return float64(i), err
		}
		n, ok := v.node.(*ast.FloatNode)
		switch {
		case !ok:
			return 0, v.mustBe("a number")
		case n.Value <= 0 || n.Value > maxCount:
			return 0, v.wrong("%s is %s: use more than 0 and at most %d", v.name, n.Token.Value, maxCount)
		}
		return n.Value, nil
	},
	&jsonschema.Schema{Type: "number", ExclusiveMinimum: jsonschema.Ptr(0.0), Maximum: jsonschema.Ptr(float64(maxCount))},
}

// duration is a time, longer than zero.
var duration = kind[time.Duration]{
	func(v value) (time.Duration, error) {
		if n, ok := v.node.(*ast.IntegerNode); ok {
			return 0, v.wrong("%s has no unit: write %ss, or %sm", v.name, n.Token.Value, n.Token.Value)
		}
		text, err := v.text()
		if err != nil {
			return 0, v.mustBe("a time such as 50s or 5m")
		}
		d, err := parseDuration(text)
		switch {
		case err != nil:
			return 0, v.wrong("%s %q: use a number with a unit, such as 50s or 5m", v.name, text)
		case d <= 0:
			return 0, v.wrong("%s %s: it must be positive", v.name, text)
		}
		return d, nil
	},
	&jsonschema.Schema{Type: "string", Pattern: `^\+?([0-9]+d|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`, AllOf: []*jsonschema.Schema{{Pattern: "[1-9]"}}},
}

// parseDuration reads a time as Go does, or whole days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// units of sizes. Longer ones come before those that they end with.
var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}

// size is a number of bytes.
var size = kind[int64]{
	func(v value) (int64, error) {
		if n, ok := v.node.(*ast.IntegerNode); ok {
			return 0, v.wrong("%s has no unit: write %sMiB, or %sGiB", v.name, n.Token.Value, n.Token.Value)
		}
		text, err := v.text()
		if err != nil {
			return 0, v.mustBe("a size such as 512MiB or 2GiB")
		}
		for _, u := range units {
			digits, ok := strings.CutSuffix(text, u.name)
			if n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 32); ok && err == nil && n > 0 && int64(n) <= maxSize/u.bytes {
				return int64(n) * u.bytes, nil
			}
		}
		return 0, v.wrong("%s %q: use a whole number with a unit, such as 512MiB or 2GiB", v.name, text)
	},
	&jsonschema.Schema{Type: "string", Pattern: `^0*[1-9][0-9]* *([KMGT]iB|[kMGT]B)$`},
}

const maxSize = 1 << 60

// oneOf is one of these words.
func oneOf[T ~string](words ...T) kind[T] {
	k := kind[T]{shape: &jsonschema.Schema{Type: "string"}}
	var known []string
	for _, w := range words {
		known = append(known, string(w))
		k.shape.Enum = append(k.shape.Enum, string(w))
	}
	k.read = func(v value) (T, error) {
		text, err := v.text()
		for _, w := range words {
			if text == string(w) && err == nil {
				return w, nil
			}
		}
		if err != nil {
			return "", v.mustBe("one of " + strings.Join(known, ", "))
		}
		return "", v.wrong("%s %q is unknown%s", v.name, text, spelling.Suggestion(text, known))
	}
	return k
}

// listOf is a list of values of a kind.
func listOf[T any](k kind[T]) kind[[]T] {
	return kind[[]T]{shape: &jsonschema.Schema{Types: []string{"array", "null"}, Items: k.shape}, read: func(v value) (list []T, err error) {
		entries, err := v.entries()
		errs := []error{err}
		for _, e := range entries {
			t, err := k.read(e)
			list, errs = append(list, t), append(errs, err)
		}
		return list, errors.Join(errs...)
	}}
}

// mapOf is an object whose keys are names that the author of the file chooses, subject to check.
func mapOf[T any](check func(name string) error, k kind[T]) kind[map[string]T] {
	shape := &jsonschema.Schema{Types: []string{"object", "null"}, AdditionalProperties: k.shape}
	return kind[map[string]T]{shape: shape, read: func(v value) (map[string]T, error) {
		members, ok := v.members()
		if !ok {
			if v.node.Type() == ast.NullType {
				return nil, nil
			}
			return nil, v.mustBe("an object")
		}
		m := make(map[string]T)
		var errs []error
		for _, member := range members {
			name, err := member.key.text()
			if err == nil {
				if wrong := check(name); wrong != nil {
					errs = append(errs, member.key.wrong("%s: %v", v.name, wrong))
				}
				member.value.name = name
				m[name], err = k.read(member.value)
			}
			errs = append(errs, err)
		}
		return m, errors.Join(errs...)
	}}
}

func anyName(string) error { return nil }
