package server

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// forever: the request is answered when its task ends, and not before.
const forever = -time.Millisecond // the store keeps milliseconds, and gives any negative time back as this one

// handsOut reports whether a call that is held may be answered with a handle.
func (s *Server) handsOut(c *call) bool {
	return s.handles != nil && c.tool.Policy.Task != tasks.Forbidden
}

// patience is how long a call is held before it is answered with a handle: forever if it never is. A tool's own hold is cut to what its
// client survives; else the operator's word for this client counts, then what is known of it, then -hold.
func (s *Server) patience(c *call) time.Duration {
	policy := c.tool.Policy
	p, said := s.profile(c.request)
	switch {
	case !s.handsOut(c):
		return forever
	case policy.Task == tasks.Required:
		return 0
	case policy.Hold > 0:
		return s.within(c.request, policy.Hold)
	case said:
		return p.limit(c.request)
	case s.opts.Hold > 0: // said, so it bounds what we believe to know: a proxy may cut calls, too
		return s.within(c.request, s.opts.Hold)
	case p != nil:
		return p.limit(c.request)
	}
	return defaultHold
}

// within cuts a wait to what the client survives, where that is known.
func (s *Server) within(q *request, d time.Duration) time.Duration {
	if p, _ := s.profile(q); p != nil {
		return min(d, p.limit(q))
	}
	return d
}

// askable are the kinds of question that a task of this call may ask: those that the client declared, and with a handle those that a
// person or the model can answer in its stead (task_answer).
func (s *Server) askable(c *call) tasks.Capabilities {
	kinds := slices.Clone(c.asks())
	if c.extended() || c.augmented() || !s.handsOut(c) {
		return kinds
	}
	for _, k := range []tasks.Capability{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample} {
		if !kinds.Has(k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// canAnswer reports whether the client itself can be asked all these questions.
func (q *request) canAnswer(questions []tasks.Question) bool {
	return !slices.ContainsFunc(questions, func(o tasks.Question) bool { return !q.asks().Has(o.Request.Kind()) })
}

// wait gives a call that is held a name among those that wait for its task, where its end would mean stop: on 2026-07-28, without a key
// to come back with, and unless the policy lets the task run on whoever leaves.
func (c *call) wait() {
	if c.modern && c.meta.Key == "" && !c.tool.Policy.Detach {
		c.waiter = rand.Text()[:8]
	}
}
