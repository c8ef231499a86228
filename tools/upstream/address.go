package upstream

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// What servers have beside tools is known here by other names: prompts as tools are, resources by a URI that says in front of its scheme
// which server it is read from (github+repo://x), so that two servers may have the same URIs.

// scheme is what comes before the URIs of a server's resources: with what follows it is the scheme of a URI, which is lower case. Empty:
// they keep theirs.
func (s *Server) scheme() string {
	if s.Prefix != nil && *s.Prefix == "" {
		return ""
	}
	name := strings.ReplaceAll(strings.ToLower(s.Name), "_", "-")
	if name[0] < 'a' || name[0] > 'z' {
		name = "mcp-" + name // a scheme begins with a letter
	}
	return name + "+"
}

// clash: URIs of two servers would begin alike.
func (s *Server) clash(others []Server) error {
	for _, o := range others {
		if o.Validate() == nil && s.scheme() != "" && o.scheme() == s.scheme() {
			return fmt.Errorf("the URIs of its resources would begin with %s, as those of %s do: give it another name", s.scheme(), o.Name)
		}
	}
	return nil
}

// prefix is what comes before the names of a server's prompts, and of the tools that have no name of their own.
func (s *Server) prefix() string {
	if s.Prefix != nil {
		return *s.Prefix
	}
	return s.Name + "_"
}

// linked is a content block whose URIs can be read here.
func (s *server) linked(block json.RawMessage) json.RawMessage {
	if s.scheme() == "" || !s.offering.readable.Load() {
		return block
	}
	var kind struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(block, &kind) // what it is not is not changed
	switch kind.Type {
	case "resource_link":
		return renamed(block, "uri", s.link)
	case "resource":
		return replaced(block, "resource", func(r json.RawMessage) json.RawMessage { return renamed(r, "uri", s.link) })
	}
	return block
}

// link is a URI that a server mentions as it can be read here. What is on the web is read there.
func (s *server) link(uri string) string {
	scheme, _, _ := strings.Cut(uri, ":")
	if strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http") {
		return uri
	}
	return s.scheme() + uri
}

// outward is the result of a method with the URIs that can be read here.
func (s *server) outward(method string, result json.RawMessage) json.RawMessage {
	scheme := s.scheme()
	switch {
	case scheme == "":
		return result
	case method == wire.MethodResourcesRead:
		return replaced(result, "contents", func(list json.RawMessage) json.RawMessage {
			return each(list, func(r json.RawMessage) json.RawMessage { return renamed(r, "uri", prefixed(scheme)) })
		})
	case method == wire.MethodPromptsGet:
		return replaced(result, "messages", func(list json.RawMessage) json.RawMessage {
			return each(list, func(m json.RawMessage) json.RawMessage { return replaced(m, "content", s.linked) })
		})
	}
	return result
}

// inward has params name what they are about as the server does. About is its name for that.
func (s *Server) inward(method string, params members) (about string, err error) {
	switch method {
	case wire.MethodResourcesRead:
		return strip(params, "uri", s.scheme())
	case wire.MethodPromptsGet:
		return strip(params, "name", s.prefix())
	case wire.MethodCompletionComplete:
		return "", s.inwardRef(params)
	}
	return "", &tasks.Error{Code: wire.CodeMethodNotFound, Message: "method not found: " + method}
}

// inwardRef does so with what a completion is for.
func (s *Server) inwardRef(params members) error {
	var ref members
	if json.Unmarshal(params["ref"], &ref) != nil {
		return &tasks.Error{Code: wire.CodeInvalidParams, Message: "ref is not an object"}
	}
	member, prefix := "uri", s.scheme()
	if ref["name"] != nil {
		member, prefix = "name", s.prefix()
	}
	if _, err := strip(ref, member, prefix); err != nil {
		return err
	}
	params["ref"] = encode(ref)
	return nil
}

func strip(m members, member, prefix string) (name string, err error) {
	if json.Unmarshal(m[member], &name) != nil {
		return "", &tasks.Error{Code: wire.CodeInvalidParams, Message: member + " is not a string"}
	}
	name, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", &tasks.Error{Code: wire.CodeInvalidParams, Message: member + " does not begin with " + prefix}
	}
	m[member] = encode(name)
	return name, nil
}
