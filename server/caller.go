package server

import (
	"fmt"
	"net/http"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Anonymous says who a caller without authentication is.
type Anonymous string

// The values of Anonymous.
const (
	// Local: one and the same person, who may list tasks and use idempotency keys.
	Local Anonymous = "local"
	// Nobody: a stranger, to whom a task's id is its only key.
	Nobody Anonymous = "nobody"
)

func (a Anonymous) validate() error {
	if a != Local && a != Nobody {
		return fmt.Errorf("server: anonymous %q: use %s or %s", string(a), Local, Nobody)
	}
	return nil
}

// caller is who sent a request, as the owner of what it creates. Nobody is authenticated yet.
func (s *Server) caller(*http.Request) tasks.Owner {
	if s.opts.Anonymous == Local {
		return tasks.Local
	}
	return tasks.Nobody
}
