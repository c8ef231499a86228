package upstream

import "encoding/json"

// members is a JSON object as the server wrote it.
type members = map[string]json.RawMessage

// object is a JSON object that is written here.
type object = map[string]any

// encode returns the JSON of a value that always has one.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("upstream: " + err.Error())
	}
	return b
}

// renamed returns a JSON object with a text member changed by name. What has no such member, or is no object, stays as it is.
func renamed(raw json.RawMessage, member string, name func(string) string) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || !rename(m, member, name) {
		return raw
	}
	return encode(m)
}

func rename(m members, member string, name func(string) string) bool {
	var text string
	if m[member] == nil || json.Unmarshal(m[member], &text) != nil {
		return false
	}
	m[member] = encode(name(text))
	return true
}

func prefixed(prefix string) func(string) string {
	return func(name string) string { return prefix + name }
}

// replaced returns a JSON object with a member changed by value, if it has that member.
func replaced(raw json.RawMessage, member string, value func(json.RawMessage) json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || m[member] == nil {
		return raw
	}
	m[member] = value(m[member])
	return encode(m)
}

// each returns a list with each entry changed. What is no list stays as it is.
func each(raw json.RawMessage, entry func(json.RawMessage) json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return raw
	}
	for i := range list {
		list[i] = entry(list[i])
	}
	return encode(list)
}
