package wire

import (
	"encoding/json"
	"errors"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Prompts is a page of prompts/list. A server means revision 2026-07-28.
func Prompts(page []json.RawMessage, next string, server *Implementation) json.RawMessage {
	return listing("prompts", page, next, server)
}

// NoCompletion is a result of completion/complete that suggests nothing.
var NoCompletion = json.RawMessage(`{"completion":{"values":[]}}`)

// AskedFor is what another server's result asks for before it answers (patterns/mrtr): nil if it is an answer.
func AskedFor(result json.RawMessage) ([]tasks.InputRequest, error) {
	var r struct {
		Type     string                        `json:"resultType"`
		Requests map[string]tasks.InputRequest `json:"inputRequests"`
	}
	if !isObject(result) || json.Unmarshal(result, &r) != nil {
		return nil, errors.New("its result is not one of MCP's")
	}
	if r.Type != TypeInputRequired {
		return nil, nil
	}
	asked := make([]tasks.InputRequest, 0, len(r.Requests)) // it may be empty: then the client just comes back
	for _, q := range r.Requests {
		asked = append(asked, q)
	}
	return asked, nil
}

// Answered is another server's answer to a method as we give it, whichever revisions that server and our client speak. A server means
// 2026-07-28: what it reads may be kept as long as it says, but never for others (server/utilities/caching).
func Answered(result json.RawMessage, method string, server *Implementation) json.RawMessage {
	var o Object
	if json.Unmarshal(result, &o) != nil || o == nil {
		o = Object{} // AskedFor has seen that it is one
	}
	var ttl int64
	if json.Unmarshal(o["ttlMs"], &ttl) != nil || ttl < 0 {
		ttl = 0
	}
	for _, member := range []string{"resultType", "ttlMs", "cacheScope"} {
		delete(o, member)
	}
	if server == nil {
		return encode(o)
	}
	if method == MethodResourcesRead {
		o["ttlMs"], o["cacheScope"] = encode(ttl), encode("private")
	}
	o["resultType"] = encode(TypeComplete)
	o.setMeta(MetaServerInfo, server)
	return encode(o)
}
