package server

import (
	"encoding/json"
	"math"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// teller makes the progress notifications of one token. Their numbers rise strictly (patterns/progress), whatever the task's do: an
// attempt may start again from zero, and words may change while numbers do not.
type teller struct {
	token   json.RawMessage
	started bool
	last    float64 // what the client saw
	shown   tasks.Progress
}

// next is the message for the state of the task: nil if the client asked for none or has seen it.
func (p *teller) next(t *tasks.Task) []byte {
	now := tasks.Progress{Done: t.Progress.Done, Total: t.Progress.Total, Message: t.Progress.Message}
	if now.Message == "" {
		now.Message = t.Message // queued, or waiting for something
	}
	if p.token == nil || p.started && now == p.shown {
		return nil
	}
	p.shown = now
	return p.message()
}

// again is the last message once more, to break a silence.
func (p *teller) again() []byte {
	if p.token == nil || !p.started {
		return nil
	}
	return p.message()
}

func (p *teller) message() []byte {
	value := p.shown.Done
	if p.started && value <= p.last {
		value = above(p.last, p.shown.Total)
	}
	p.started, p.last = true, value
	return wire.Progress(p.token, value, p.shown.Total, p.shown.Message)
}

// above is a little more than last: too little to be seen, enough to be a number of its own.
func above(last, total float64) float64 {
	if next := last + max(1, total)*1e-6; next > last {
		return next
	}
	return math.Nextafter(last, math.Inf(1))
}
