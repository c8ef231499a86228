package wire

import (
	"bytes"
	"encoding/json"
)

// Object is a JSON object whose members are not decoded yet. Unlike a struct it tells members apart by their exact
// spelling: what a proxy read as "method" must be what is served.
type Object map[string]json.RawMessage

// Text is the member's value if it is a string.
func (o Object) Text(name string) (s string, ok bool) {
	raw := o[name]
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// Has reports whether the member is there and is not null.
func (o Object) Has(name string) bool {
	raw, ok := o[name]
	return ok && !isNull(raw)
}

// Object is the member's value as an object. An absent or null member is an empty one; ok is false for any other kind of value.
func (o Object) Object(name string) (members Object, ok bool) {
	if !o.Has(name) {
		return Object{}, true
	}
	if json.Unmarshal(o[name], &members) != nil {
		return Object{}, false
	}
	return members, true
}

// setMeta sets a member of the object's _meta, and leaves the others there as they are.
func (o Object) setMeta(name string, value any) {
	meta, ok := o.Object("_meta")
	if !ok {
		meta = Object{}
	}
	meta[name] = encode(value)
	o["_meta"] = encode(meta)
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// splice appends a member to an object that is not empty.
func splice(object json.RawMessage, name string, value json.RawMessage) json.RawMessage {
	b := make([]byte, 0, len(object)+len(name)+len(value)+len(`,"":`))
	b = append(append(append(b, object[:len(object)-1]...), `,"`...), name...)
	b = append(append(b, `":`...), value...)
	return append(b, '}')
}
