package configfile

import (
	"errors"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// key is a key that an object may have.
type key[T any] struct {
	name     string
	required bool
	read     func(value, *T) error
	shape    *jsonschema.Schema
}

// at makes a key whose value, of kind k, goes into a field. about is the description that editors show.
func at[T, F any](name, about string, k kind[F], field func(*T) *F) key[T] {
	shape := *k.shape
	shape.Description = about
	return key[T]{name: name, shape: &shape, read: func(v value, t *T) (err error) {
		*field(t), err = k.read(v)
		return err
	}}
}

// must makes a key a required one.
func must[T any](k key[T]) key[T] {
	k.required = true
	return k
}

// object is the kind of an object that has these keys and no others.
func object[T any](keys ...key[T]) kind[T] {
	byName, names := make(map[string]key[T]), []string(nil)
	shape := &jsonschema.Schema{Type: "object", Properties: make(map[string]*jsonschema.Schema), AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, k := range keys {
		byName[k.name], names = k, append(names, k.name)
		shape.Properties[k.name] = k.shape
		if k.required {
			shape.Required = append(shape.Required, k.name)
		}
	}
	shape.PropertyOrder = names
	return kind[T]{shape: shape, read: func(v value) (t T, err error) {
		members, ok := v.members()
		if !ok {
			return t, v.mustBe("an object")
		}
		var errs []error
		seen := make(map[string]bool)
		for _, m := range members {
			name, err := m.key.text()
			k, known := byName[name]
			switch {
			case err != nil:
			case known:
				m.value.name, seen[name] = name, true
				err = k.read(m.value, &t)
			default:
				err = m.key.wrong("unknown key %s%s", name, spelling.Suggestion(name, names))
			}
			errs = append(errs, err)
		}
		for _, k := range keys {
			if k.required && !seen[k.name] {
				errs = append(errs, v.wrong("%s is missing", k.name))
			}
		}
		return t, errors.Join(errs...)
	}}
}
