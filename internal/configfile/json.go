package configfile

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/goccy/go-yaml/ast"
)

// json is a value as JSON. Keys keep their order.
func (v value) json() (json.RawMessage, error) {
	var b bytes.Buffer
	if err := v.writeJSON(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (v value) writeJSON(b *bytes.Buffer) error {
	switch n := v.node.(type) {
	case ast.MapNode:
		return v.writeObject(b)
	case *ast.SequenceNode:
		return v.writeList(b)
	case *ast.NullNode:
		b.WriteString("null")
		return nil
	case *ast.BoolNode:
		return write(b, n.Value)
	case *ast.IntegerNode:
		return write(b, n.Value)
	case *ast.FloatNode:
		return write(b, n.Value)
	case *ast.StringNode, *ast.LiteralNode:
		s, err := v.text()
		return errors.Join(err, write(b, s))
	}
	return v.wrong("%s cannot be part of a JSON schema", v.node.GetToken().Value)
}

func write(b *bytes.Buffer, scalar any) error {
	raw, err := json.Marshal(scalar)
	b.Write(raw)
	return err
}

func (v value) writeObject(b *bytes.Buffer) error {
	var errs []error
	members, _ := v.members()
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := m.key.text()
		errs = append(errs, err, write(b, name))
		b.WriteByte(':')
		errs = append(errs, m.value.writeJSON(b))
	}
	b.WriteByte('}')
	return errors.Join(errs...)
}

func (v value) writeList(b *bytes.Buffer) error {
	var errs []error
	entries, _ := v.entries()
	b.WriteByte('[')
	for i, e := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		errs = append(errs, e.writeJSON(b))
	}
	b.WriteByte(']')
	return errors.Join(errs...)
}
