package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// method is how a request of that name is served.
type method struct {
	nameMember string // the member of params that Mcp-Name repeats
	extension  bool   // only for clients that declare the Tasks extension
	serve      serve
}

type serve func(s *Server, ctx context.Context, q *request) (json.RawMessage, error)

// methods lists what we serve ourselves on 2026-07-28, and what else is checked before the SDK serves it.
var methods = map[string]method{
	"tools/call":               {nameMember: "name", serve: (*Server).call},
	"tools/list":               {serve: (*Server).list},
	"tasks/get":                {nameMember: "taskId", extension: true, serve: (*Server).get},
	"tasks/update":             {nameMember: "taskId", extension: true, serve: (*Server).update},
	"tasks/cancel":             {nameMember: "taskId", extension: true, serve: (*Server).cancel},
	"subscriptions/listen":     {serve: (*Server).listen},
	"prompts/list":             {serve: (*Server).listPrompts},
	"prompts/get":              {nameMember: "name", serve: (*Server).getPrompt},
	"completion/complete":      {serve: (*Server).complete},
	"resources/list":           {serve: (*Server).listResources},
	"resources/templates/list": {serve: (*Server).listTemplates},
	"resources/read":           {nameMember: "uri", serve: (*Server).readResource},
}

// legacyMethods lists what we serve ourselves before 2026-07-28.
var legacyMethods = map[string]struct {
	since   revision // the first revision that has it
	session bool     // means something within a session only
	serve   serve
}{
	"tools/call":               {serve: (*Server).callInSession},
	"tools/list":               {serve: (*Server).list},
	"tasks/get":                {since: wire.V20251125, serve: (*Server).legacyGet},
	"tasks/result":             {since: wire.V20251125, serve: (*Server).legacyResult},
	"tasks/list":               {since: wire.V20251125, serve: (*Server).legacyList},
	"tasks/cancel":             {since: wire.V20251125, serve: (*Server).legacyCancel},
	"resources/list":           {serve: (*Server).listResources},
	"resources/templates/list": {serve: (*Server).listTemplates},
	"resources/read":           {serve: (*Server).readResource},
	"resources/subscribe":      {session: true, serve: (*Server).subscribe},
	"resources/unsubscribe":    {session: true, serve: (*Server).unsubscribe},
	"prompts/list":             {serve: (*Server).listPrompts},
	"prompts/get":              {serve: (*Server).getPrompt},
	"completion/complete":      {serve: (*Server).complete},
	"ping":                     {serve: (*Server).pong},
	"logging/setLevel":         {session: true, serve: (*Server).setLevel},
}
