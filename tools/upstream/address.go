package upstream

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Resources and prompts of servers have other names here: prompts get a prefix as tools do, and the URI of a resource begins with the server
// that it is read from (github+repo://x), so that two servers may have the same URIs.

// scheme is what comes before the URIs of a server's resources. It becomes a part of the URI's scheme, so it is lower case. Empty: the URIs stay
// as they are.
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

// clash explains with which other server's URIs those of this one would be mixed up.
func (s *Server) clash(others []Server) error {
	for _, o := range others {
		if o.Validate() == nil && s.scheme() != "" && o.scheme() == s.scheme() {
			return fmt.Errorf("the URIs of its resources would begin with %s, as those of %s do: give it another name", s.scheme(), o.Name)
		}
	}
	return nil
}

// prefix is what comes before the names of a server's prompts, and of its tools that the configuration gives no name.
func (s *Server) prefix() string {
	if s.Prefix != nil {
		return *s.Prefix
	}
	return s.Name + "_"
}

// linked returns a content block with URIs that can be read here.
func (s *server) linked(block json.RawMessage) json.RawMessage {
	if s.scheme() == "" || !s.offering.readable.Load() {
		return block
	}
	var kind struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(block, &kind) // a block of no known type is not changed
	switch kind.Type {
	case "resource_link":
		return renamed(block, "uri", s.link)
	case "resource":
		return replaced(block, "resource", func(r json.RawMessage) json.RawMessage { return renamed(r, "uri", s.link) })
	}
	return block
}

// link returns the URI under which something that a server mentions can be read here. What is on the web keeps its own.
func (s *server) link(uri string) string {
	scheme, _, _ := strings.Cut(uri, ":")
	if strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http") {
		return uri
	}
	return s.scheme() + uri
}

// outward returns the result of a method with URIs that can be read here.
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

// inward puts the server's own names and URIs into params. about is the server's name for what they are about.
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
