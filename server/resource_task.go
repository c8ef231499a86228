package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// ownScheme is what the URIs of our own resources begin with.
const ownScheme = "longhaul://"

// ownTemplates are the resources that come of tasks.
var ownTemplates = []shelved{
	template("longhaul://tasks/{taskId}/artifacts/{name}{?lines}", "artifact", "A file that a task has left"),
	template("longhaul://tasks/{taskId}/result{?lines}", "result", "The whole text of a task's result; ?lines=1-200 for some of its lines"),
}

func template(uri, name, description string) shelved {
	return shelved{uri, wire.Listed(wire.ResourceTemplate{URITemplate: uri, Name: name, Description: description})}
}

// readOwn reads what a task has left.
func (s *Server) readOwn(_ context.Context, q *request, uri string) (json.RawMessage, error) {
	return nil, q.noResource(uri)
}
