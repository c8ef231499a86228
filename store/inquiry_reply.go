package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Inquiry is a request to a source that a worker has picked.
type Inquiry struct {
	Source, ID string
	Method     string
	Params     json.RawMessage
	Left       time.Duration // until nobody waits for the answer any more
}

// SourceLease is how long a worker is believed to answer for a source, and to ask it, since it said so.
const SourceLease = 15 * time.Second

// Stand says that a worker answers for a source for a while, and tells how many inquiries wait for that.
func (s *Store) Stand(ctx context.Context, source, worker string) (waiting int, err error) {
	waiting, err = s.scripts.stand.Run(ctx, s.rdb, []string{askedKey(source), inquiriesKey(source)}, worker, SourceLease.Milliseconds()).Int()
	if err != nil {
		return 0, fmt.Errorf("stand for source %s: %w", source, err)
	}
	return waiting, nil
}

// StandDown ends what Stand began, and has the source's other workers watch what this one did. What the worker has picked it can still
// answer.
func (s *Store) StandDown(ctx context.Context, source, worker string) error {
	_, err := s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, askedKey(source), worker)
		p.Publish(ctx, wantedKey(source), lookAgain)
		return nil
	})
	if err != nil {
		return fmt.Errorf("stand down from source %s: %w", source, err)
	}
	return nil
}

// Pick takes the inquiry of a source that has waited longest: nil if none waits.
func (s *Store) Pick(ctx context.Context, source, worker string) (*Inquiry, error) {
	v, err := s.scripts.pick.Run(ctx, s.rdb, []string{inquiriesKey(source)}, inquiryPrefix(source), worker, SourceLease.Milliseconds()).Slice()
	if err != nil {
		return nil, fmt.Errorf("pick inquiry of source %s: %w", source, err)
	}
	r := reply(v)
	if len(r) == 0 {
		return nil, nil
	}
	params, err := unpack(r.text(2))
	if err != nil {
		return nil, err
	}
	left, err := strconv.ParseInt(r.text(3), 10, 64)
	if err != nil {
		return nil, errAnswer
	}
	return &Inquiry{Source: source, ID: r.text(0), Method: r.text(1), Params: params, Left: time.Duration(left) * time.Millisecond}, nil
}

// Reply answers an inquiry, with a result or an error. That nobody waits for it any more is no error.
func (s *Store) Reply(ctx context.Context, q *Inquiry, worker string, result json.RawMessage, failed *tasks.Error) error {
	if n := len(result); n > maxInquiryText {
		result, failed = nil, &tasks.Error{Code: wire.CodeInternal, Message: fmt.Sprintf("source %s answered %d bytes, the limit is %d", q.Source, n, maxInquiryText)}
	}
	doc, err := json.Marshal(inquiryReply{result, failed})
	if err != nil {
		doc, _ = json.Marshal(inquiryReply{Error: &tasks.Error{Code: wire.CodeInternal, Message: fmt.Sprintf("source %s answered what is not JSON", q.Source)}})
	}
	if err := s.scripts.reply.Run(ctx, s.rdb, []string{inquiryKey(q.Source, q.ID)}, worker, pack(doc), lookAgain).Err(); err != nil {
		return fmt.Errorf("answer of source %s: %w", q.Source, err)
	}
	return nil
}

// Asking says that the worker that picked an inquiry still asks, for another SourceLease. It reports whether somebody waits for the answer.
func (s *Store) Asking(ctx context.Context, q *Inquiry, worker string) (awaited bool, err error) {
	n, err := s.scripts.asking.Run(ctx, s.rdb, []string{inquiryKey(q.Source, q.ID)}, worker, SourceLease.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("ask source %s: %w", q.Source, err)
	}
	return n == 1, nil
}

// Inquiries signals when inquiries of a source may wait. stop ends it.
func (w *Watcher) Inquiries(source string) (waiting <-chan struct{}, stop func()) {
	return w.nudges(inquiriesKey(source))
}

// Retracted signals when an inquiry may have been taken back. stop ends it.
func (w *Watcher) Retracted(q *Inquiry) (changes <-chan struct{}, stop func()) {
	return w.nudges(inquiryKey(q.Source, q.ID))
}
