package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// method says how a request is served.
type method struct {
	nameMember string // the member of params that Mcp-Name repeats
	extension  bool   // only for clients that declare the Tasks extension
	serve      serve
}

type serve func(s *Server, ctx context.Context, q *request) (json.RawMessage, error)

// methods lists what we serve ourselves on 2026-07-28. Other methods go to the SDK.
var methods = map[string]method{
	wire.MethodToolsCall:              {nameMember: "name", serve: (*Server).call},
	wire.MethodToolsList:              {serve: (*Server).list},
	wire.MethodTasksGet:               {nameMember: "taskId", extension: true, serve: (*Server).get},
	wire.MethodTasksUpdate:            {nameMember: "taskId", extension: true, serve: (*Server).update},
	wire.MethodTasksCancel:            {nameMember: "taskId", extension: true, serve: (*Server).cancel},
	wire.MethodSubscriptionsListen:    {serve: (*Server).listen},
	wire.MethodPromptsList:            {serve: (*Server).listPrompts},
	wire.MethodPromptsGet:             {nameMember: "name", serve: (*Server).getPrompt},
	wire.MethodCompletionComplete:     {serve: (*Server).complete},
	wire.MethodResourcesList:          {serve: (*Server).listResources},
	wire.MethodResourcesTemplatesList: {serve: (*Server).listTemplates},
	wire.MethodResourcesRead:          {nameMember: "uri", serve: (*Server).readResource},
}

// legacyMethods lists what we serve ourselves before 2026-07-28.
var legacyMethods = map[string]struct {
	since   revision // the first revision that has it
	session bool     // it makes sense only in a session
	serve   serve
}{
	wire.MethodToolsCall:              {serve: (*Server).callInSession},
	wire.MethodToolsList:              {serve: (*Server).list},
	wire.MethodTasksGet:               {since: wire.V20251125, serve: (*Server).legacyGet},
	wire.MethodTasksResult:            {since: wire.V20251125, serve: (*Server).legacyResult},
	wire.MethodTasksList:              {since: wire.V20251125, serve: (*Server).legacyList},
	wire.MethodTasksCancel:            {since: wire.V20251125, serve: (*Server).legacyCancel},
	wire.MethodResourcesList:          {serve: (*Server).listResources},
	wire.MethodResourcesTemplatesList: {serve: (*Server).listTemplates},
	wire.MethodResourcesRead:          {serve: (*Server).readResource},
	wire.MethodResourcesSubscribe:     {session: true, serve: (*Server).subscribe},
	wire.MethodResourcesUnsubscribe:   {session: true, serve: (*Server).unsubscribe},
	wire.MethodPromptsList:            {serve: (*Server).listPrompts},
	wire.MethodPromptsGet:             {serve: (*Server).getPrompt},
	wire.MethodCompletionComplete:     {serve: (*Server).complete},
	"ping":                            {serve: (*Server).pong},
	wire.MethodLoggingSetLevel:        {session: true, serve: (*Server).setLevel},
}
