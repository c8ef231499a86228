package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxQuestion is how many questions one task may ask.
const maxQuestion = 64

// ErrTooMany: a task asks a bounded number of questions.
var ErrTooMany = fmt.Errorf("a task may ask %d questions", maxQuestion)

// Asked is how a question stands.
type Asked struct {
	Answer json.RawMessage // nil while there is none
	Lapsed bool            // its time is over, and its tool declared no answer for that
	Left   time.Duration   // until its time is over. Zero: it has no end
	Ended  bool            // the task has ended, and nobody will answer
}

// Question puts an attempt's question, or finds how it stands. able says whether the client can answer such a question: if not, it is
// only looked up. An answer is durable when it is returned.
// ErrKeyReused: the key stands for another question of this task. ErrTooMany, ErrCannotAsk: it was not put.
func (s *Store) Question(ctx context.Context, l Lease, q tasks.Question, able bool) (Asked, error) {
	request, err := json.Marshal(q.Request)
	if err != nil {
		return Asked{}, fmt.Errorf("ask: %w", err)
	}
	most := maxQuestion
	if !able {
		most = 0
	}
	args := l.args(q.Key, q.Request.Digest(), request, q.Request.Limit.Milliseconds(), []byte(q.Request.Default), most, string(tasks.Ask.To()))
	r, unsure, err := s.lasting(ctx, s.scripts.ask, l.Task, append(args, anys(tasks.Ask.From())...)...)
	if err != nil {
		return Asked{}, fmt.Errorf("ask: %w", err)
	}
	switch r.text(0) {
	case "open":
		left, _ := r[1].(int64) // no matter if no replica has it: whoever finds it gone puts it again
		return Asked{Left: time.Duration(left) * time.Millisecond}, nil
	case "answered":
		return answered(r.text(1)), unsure
	case "ended":
		return Asked{Ended: true}, nil
	case "lost":
		return Asked{}, tasks.ErrLost
	case "reused":
		return Asked{}, fmt.Errorf("ask %q: %w", q.Key, tasks.ErrKeyReused)
	case "full":
		if !able {
			return Asked{}, fmt.Errorf("%s: %w", q.Request.Method, tasks.ErrCannotAsk)
		}
		return Asked{}, fmt.Errorf("ask %q: %w", q.Key, ErrTooMany)
	}
	return Asked{}, fmt.Errorf("ask: %w", errAnswer)
}

// answered tells an answer from the mark that nobody gave one in time.
func answered(kept string) Asked {
	if kept == "" {
		return Asked{Lapsed: true}
	}
	return Asked{Answer: json.RawMessage(kept)}
}
