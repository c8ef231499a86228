package wire

import (
	"bytes"
	"encoding/json"
)

// The values of resultType.
const (
	TypeComplete      = "complete"
	TypeInputRequired = "input_required"
	TypeTask          = "task"
)

// Implementation names a program, as in serverInfo.
type Implementation struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// resultMeta is the _meta of what we send. Every member is left out where it does not belong.
type resultMeta struct {
	ServerInfo   *Implementation `json:"io.modelcontextprotocol/serverInfo,omitempty"`
	Subscription json.RawMessage `json:"io.modelcontextprotocol/subscriptionId,omitempty"`
	Related      *relatedTask    `json:"io.modelcontextprotocol/related-task,omitempty"`
	Progress     *progress       `json:"dev.longhaul/progress,omitempty"`
	Attempts     *attempts       `json:"dev.longhaul/attempts,omitempty"`
}

// metaOf is nil where nothing is to be said.
func metaOf(m resultMeta) *resultMeta {
	if m.ServerInfo == nil && m.Subscription == nil && m.Related == nil && m.Progress == nil && m.Attempts == nil {
		return nil
	}
	return &m
}

// Complete gives a stored result its resultType, and the server's name where one is given: stored results have none,
// since they are the same for every revision. A result may be large, so the members are spliced in.
func Complete(result json.RawMessage, server *Implementation) json.RawMessage {
	if result = bytes.TrimSpace(result); !isObject(result) {
		result = json.RawMessage("{}") // a lost one must not break the message around it
	}
	if bytes.Contains(result, []byte(`"resultType"`)) || server != nil && bytes.Contains(result, []byte(`"_meta"`)) {
		return merge(result, server)
	}
	head := []byte(`{"resultType":"complete"`)
	if server != nil {
		head = append(append(head, `,"_meta":`...), encode(resultMeta{ServerInfo: server})...)
	}
	rest := bytes.TrimLeft(result[1:], " \t\r\n")
	if rest[0] != '}' {
		head = append(head, ',')
	}
	return append(append(make([]byte, 0, len(head)+len(rest)), head...), rest...)
}

// merge is Complete for results that may have these members already, at the top or somewhere within.
func merge(result json.RawMessage, server *Implementation) json.RawMessage {
	var o Object
	if json.Unmarshal(result, &o) != nil {
		return result
	}
	o["resultType"] = encode(TypeComplete)
	if server != nil {
		o.setMeta(MetaServerInfo, server)
	}
	return encode(o)
}

// encode is for values that cannot fail to be JSON.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: " + err.Error())
	}
	return b
}
