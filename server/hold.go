package server

import (
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// forever is the hold of a request that is answered when its task ends, and not before.
const forever = -time.Millisecond // the store keeps milliseconds, and gives any negative time back as this one

// handsOut reports whether a call that is held may be answered with a handle.
func (s *Server) handsOut(c *call) bool {
	return s.handles != nil && c.tool.Policy.Task != tasks.Forbidden
}

// patience returns how long a call is held before it is answered with a handle: forever if it never is. A tool's own hold comes first, cut to what
// the client survives; then what the operator says of this client; then -hold, cut likewise; then what is known of the client.
func (s *Server) patience(c *call) time.Duration {
	policy := c.tool.Policy
	p, byOperator := s.profile(c.request)
	switch {
	case !s.handsOut(c):
		return forever
	case policy.Task == tasks.Required:
		return 0
	case policy.Hold > 0:
		return s.within(c.request, policy.Hold)
	case byOperator:
		return p.limit(c.request)
	case s.opts.Hold > 0: // it bounds what we know of the client, since it may be there for a proxy that cuts calls
		return s.within(c.request, s.opts.Hold)
	case p != nil:
		return p.limit(c.request)
	}
	return defaultHold
}

// within cuts a wait to what the client survives, if that is known.
func (s *Server) within(q *request, d time.Duration) time.Duration {
	if p, _ := s.profile(q); p != nil {
		return min(d, p.limit(q))
	}
	return d
}
