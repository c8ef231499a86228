package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// An inquiry is a request to a source (tasks.Source) on its way through Redis: a front end puts it, one of the source's workers picks it
// and replies. It is no task: it is asked at most once, and lives a minute.

// Why an inquiry has no answer.
var (
	ErrNobody  = errors.New("no worker that has it is running")
	ErrCrowded = errors.New("too many requests wait for it")
	ErrNoReply = errors.New("it did not answer")
)

const (
	inquiryLife    = time.Minute
	inquiryLook    = 2 * time.Second // how soon a request whose worker died is noticed, after that
	inquiryRead    = 5 * time.Second // how long an answer is kept that was read
	maxWaiting     = 256             // of one source
	maxInquiry     = 4 << 20         // bytes of its params
	maxInquiryText = 16 << 20        // bytes of its answer
)

// inquiryReply is what came of an inquiry. One of the two is there.
type inquiryReply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *tasks.Error    `json:"error,omitempty"`
}

// Inquire has a worker ask a source, and waits for its answer, which may be a *tasks.Error. ErrNobody, ErrCrowded and ErrNoReply say why
// there is none. When ctx ends the question is taken back.
func (w *Watcher) Inquire(ctx context.Context, source, method string, params json.RawMessage) (json.RawMessage, error) {
	if len(params) > maxInquiry {
		return nil, fmt.Errorf("the request has %d bytes, the limit is %d", len(params), maxInquiry)
	}
	id := rand.Text()
	told, stop := w.nudges(inquiryKey(source, id))
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, inquiryLife, ErrNoReply)
	defer cancel()
	if err := w.store.inquire(ctx, source, id, method, params); err != nil {
		return nil, err
	}
	reply, err := w.reply(ctx, source, id, told)
	if err != nil {
		w.store.retract(ctx, source, id)
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return reply.Result, nil
}

func (w *Watcher) reply(ctx context.Context, source, id string, told <-chan struct{}) (*inquiryReply, error) {
	look := time.NewTicker(inquiryLook)
	defer look.Stop()
	for {
		select {
		case <-told:
		case <-look.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		reply, err := w.store.inquired(ctx, source, id)
		if reply != nil || err != nil && !Unavailable(err) { // an outage may be over before its time is
			return reply, err
		}
	}
}

func (s *Store) inquire(ctx context.Context, source, id, method string, params json.RawMessage) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys := []string{inquiryKey(source, id), inquiriesKey(source), askedKey(source)}
	put, err := s.scripts.inquire.Run(ctx, s.rdb, keys, id, inquiryLife.Milliseconds(), maxWaiting, method, pack(params), lookAgain).Text()
	if err != nil {
		return fmt.Errorf("ask source %s: %w", source, err)
	}
	return inquiryState(put)
}

// inquired is what came of an inquiry: nil if nothing did yet.
func (s *Store) inquired(ctx context.Context, source, id string) (*inquiryReply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := s.scripts.inquired.Run(ctx, s.rdb, []string{inquiryKey(source, id), askedKey(source)}, inquiryRead.Milliseconds()).Slice()
	if err != nil {
		return nil, fmt.Errorf("ask source %s: %w", source, err)
	}
	r := reply(v)
	if r.text(0) != "answered" {
		return nil, inquiryState(r.text(0))
	}
	doc, err := unpack(r.text(1))
	if err != nil {
		return nil, err
	}
	came := new(inquiryReply)
	return came, unmarshal(string(doc), came)
}

func inquiryState(state string) error {
	switch state {
	case "put", "waits":
		return nil
	case "nobody":
		return ErrNobody
	case "crowded":
		return ErrCrowded
	case "lost":
		return ErrNoReply
	}
	return errAnswer
}

// retract takes an inquiry back that nobody waits for any more. Where that fails it lapses by itself.
func (s *Store) retract(ctx context.Context, source, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // the client may be gone
	defer cancel()
	_ = s.scripts.retract.Run(ctx, s.rdb, []string{inquiryKey(source, id), inquiriesKey(source)}, id, lookAgain).Err()
}
