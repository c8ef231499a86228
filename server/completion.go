package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// complete serves completion/complete. A source that completes nothing has nothing to suggest: that we offer completion is said of all.
func (s *Server) complete(ctx context.Context, q *request) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	source, err := c.sources.referred(q.Params)
	if err != nil {
		return nil, err
	}
	if !source.Completes {
		return wire.Answered(wire.NoCompletion, q.Method, q.server(s)), nil
	}
	return s.inquire(ctx, q, source)
}

// referred is the source that has what is to be completed.
func (x *sources) referred(params wire.Object) (*tasks.Source, error) {
	ref, _ := params.Object("ref")
	kind, _ := ref.Text("type")
	var source *tasks.Source
	switch kind {
	case "ref/prompt":
		name, _ := ref.Text("name")
		source = x.ofPrompt(name)
	case "ref/resource":
		uri, err := uriOf(ref)
		if err != nil {
			return nil, err
		}
		source = x.ofURI(uri)
	default:
		return nil, invalid(`ref must be {"type": "ref/prompt", "name": …} or {"type": "ref/resource", "uri": …}`)
	}
	if source == nil {
		return nil, invalid("ref is about no prompt or resource that there is")
	}
	return source, nil
}
