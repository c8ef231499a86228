package server

import (
	"context"
	"encoding/json"
)

// method is how a request of that name is served.
type method struct {
	name      string // the member of params that Mcp-Name repeats
	extension bool   // only for clients that declare the Tasks extension
	legacy    bool   // ours before 2026-07-28 too
	serve     func(s *Server, ctx context.Context, q *request) (json.RawMessage, error)
}

// methods lists what we serve ourselves, and what else is checked before the SDK serves it.
var methods = map[string]method{
	"tools/call":           {name: "name", legacy: true, serve: (*Server).call},
	"tools/list":           {legacy: true, serve: (*Server).list},
	"tasks/get":            {name: "taskId", extension: true, serve: (*Server).get},
	"tasks/update":         {name: "taskId", extension: true, serve: (*Server).update},
	"tasks/cancel":         {name: "taskId", extension: true, serve: (*Server).cancel},
	"subscriptions/listen": {serve: (*Server).listen},
	"prompts/get":          {name: "name"},
	"resources/read":       {name: "uri"},
}
