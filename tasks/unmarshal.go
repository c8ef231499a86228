package tasks

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Unmarshal is json.Unmarshal with errors for whoever wrote the JSON: they name its members, and no Go types.
func Unmarshal(doc []byte, v any) error {
	err := json.Unmarshal(doc, v)
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	what := "it"
	if e.Field != "" {
		what = e.Field
	}
	return fmt.Errorf("%s must be %s, not %s", what, wanted(e.Type), found(e.Value))
}

// wanted is a type as JSON has it.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string" // in base64
		}
		return "an array"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64:
		return "an integer"
	case reflect.Uint, reflect.Uint64:
		return "an integer that is not negative"
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("an integer of %d bits", t.Bits())
	}
	return "an object"
}

// found puts in words what package json says that it found instead.
func found(value string) string {
	switch value {
	case "bool":
		return "a boolean"
	case "string", "number":
		return "a " + value
	case "object", "array":
		return "an " + value
	}
	return fmt.Sprintf("%.40s", value) // "number 1.5": digits may go on for long
}
