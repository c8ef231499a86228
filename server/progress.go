package server

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// teller makes the progress notifications of one token. Their numbers rise strictly (patterns/progress), whatever the task's do: an
// attempt may start again from zero, and words may change while numbers do not.
type teller struct {
	server *Server
	out    *stream
	token  json.RawMessage // nil: the client asked for none
	number number
	of     tasks.ID // the task that the notifications name; "": none
	task   *tasks.Task
	shown  tasks.Progress
	last   float64 // what the client saw on this stream
	sent   bool
}

// teller makes a teller for the request's own stream. What the client saw on an earlier take of it, the request itself says (Last-Event-ID).
func (s *Server) teller(q *request, token json.RawMessage) teller {
	p := teller{server: s, out: q.out, token: token, number: said}
	if seen := q.out.progress; seen != nil {
		p.sent, p.last = true, *seen
	}
	return p
}

// number makes the number of a notification, given that of the last one on this stream.
type number func(t *tasks.Task, sent bool, last float64) float64

// next is the message for the state of the task: nil if the client asked for none or has seen it.
func (p *teller) next(ctx context.Context, t *tasks.Task) []byte {
	if p.token == nil {
		return nil
	}
	t = p.server.positioned(ctx, t)
	now := words(t)
	if p.task != nil && now == p.shown {
		return nil
	}
	p.task, p.shown = t, now
	return p.message()
}

// final is the message for what the tool said last, if that came so shortly before its end that the client has not seen it.
func (p *teller) final(ctx context.Context, t *tasks.Task) []byte {
	if said := t.Progress; said.Done == p.shown.Done && said.Total == p.shown.Total && (said.Message == "" || said.Message == p.shown.Message) {
		return nil
	}
	return p.next(ctx, t)
}

// words are what the client sees of the task's progress.
func words(t *tasks.Task) tasks.Progress {
	p := tasks.Progress{Done: t.Progress.Done, Total: t.Progress.Total, Message: t.Progress.Message}
	switch {
	case t.Position > 0:
		p.Message = t.StatusMessage()
	case p.Message == "":
		p.Message = t.Message // queued, or waiting for something
	}
	return p
}

// refresh breaks a silence: with news of the task if there is any, which may have moved up in its queue, else by a repeat.
func (p *teller) refresh(ctx context.Context, t *tasks.Task) []byte {
	if news := p.next(ctx, t); news != nil {
		return news
	}
	return p.repeat()
}

// repeat is the last message once more, with a number of its own: nil if there was none.
func (p *teller) repeat() []byte {
	if p.task == nil {
		return nil
	}
	return p.message()
}

func (p *teller) message() []byte {
	value, total := p.number(p.task, p.sent, p.last), p.shown.Total
	p.sent, p.last = true, value
	p.out.progress = &value
	if total > 0 {
		total = max(total, value)
	}
	return wire.Progress(p.of, p.token, value, total, p.shown.Message, p.task.Position)
}

// said is the tool's own number, as long as that rises.
func said(t *tasks.Task, sent bool, last float64) float64 {
	if value := t.Progress.Done; !sent || value > last {
		return value
	}
	return above(last, t.Progress.Total)
}

// above is a little more than last: too little to be seen, enough to be a number of its own.
func above(last, total float64) float64 {
	if next := last + max(1, total)*1e-6; next > last {
		return next
	}
	return math.Nextafter(last, math.Inf(1))
}

// climbing numbers are for a token that several streams tell about, one after the other, here or on other replicas: none knows what
// another one sent. take is which connection of its stream this is.
func climbing(now func() time.Time, take int) number {
	return func(t *tasks.Task, sent bool, last float64) float64 {
		if value := height(t, now(), take); !sent || value > last {
			return value
		}
		return math.Nextafter(last, math.Inf(1))
	}
}

// height is a number close to what the tool says that rises with each of the task's events, and between two of them with time and with
// each take of a stream. An attempt that starts again from zero stays where the last one got. A take counts more than minutes do, so
// that the clocks of two replicas need not agree.
func height(t *tasks.Task, now time.Time, take int) float64 {
	silence := max(0, now.Sub(t.Updated).Seconds())
	moment := 8*math.Log1p(float64(take)) + math.Log1p(silence) // logarithms tell even days of silence and thousands of takes apart
	steps := float64(t.Seq) + 1 - 1/(1+moment)
	return (t.Peak+1)*(1+steps*1e-8) - 1
}
