package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// canonical returns the same JSON for the same value: a client that repeats a call may write its members in another order.
func canonical(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // large integers stay what they are
	var v any
	if d.Decode(&v) != nil {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return b
}

// digest identifies a call: the tool with these arguments.
func digest(tool string, arguments json.RawMessage) string {
	h := sha256.New()
	h.Write([]byte(tool))
	h.Write([]byte{0})
	h.Write(canonical(arguments))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
