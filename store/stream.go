package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// StreamKind says what a stream is the response to.
type StreamKind string

// The kinds of stream that can be gone on with.
const (
	CallStream   StreamKind = "call"   // tools/call of a task
	WaitStream   StreamKind = "wait"   // tools/call of task_wait
	ResultStream StreamKind = "result" // tasks/result
)

// Stream is the response stream of a session's request, so that any process can go on with it when its connection is cut. There is no
// log of what was sent: to go on is to watch the task again.
type Stream struct {
	ID      string
	Session string
	Request json.RawMessage // the id of the request, as the client wrote it
	Kind    StreamKind
	Task    tasks.ID
	Tool    string
	Waiter  string          // what the request is called among those that wait for the task; "": nothing
	Token   json.RawMessage // of the request's progress; nil: none
	Hold    time.Duration   // until the request is answered whatever the task does; negative: never
	Take    int             // which connection this is: one, two, …
}

// ErrNoStream: it was never there, is another session's, or was left alone for too long.
var ErrNoStream = errors.New("no such stream")

// streamLife is for how long a stream can be gone on with after it was last kept.
const streamLife = 30 * time.Minute

func (x Stream) fields() []any {
	return []any{
		"session", x.Session, "request", string(x.Request), "kind", string(x.Kind), "task", string(x.Task), "tool", x.Tool, "token", string(x.Token), "take", "1",
	}
}

// OpenStream keeps a new stream, in its first take. Its request can then be cancelled through any process (Withdraw).
func (s *Store) OpenStream(ctx context.Context, x Stream) error {
	var noted *redis.Cmd
	err := pipelined(ctx, s.rdb, func(b batch) {
		b.run(ctx, s.scripts.stream, []string{streamKey(x.ID)}, append([]any{streamLife.Milliseconds(), x.Hold.Milliseconds()}, x.fields()...)...)
		noted = b.run(ctx, s.scripts.note, []string{sessionKey(x.Session)}, requestField, string(x.Request), x.note(), maxRequests)
	})
	if err != nil {
		return fmt.Errorf("open stream: %w", err)
	}
	if n, err := noted.Int(); n == 0 {
		return errors.Join(ErrNoSession, err)
	}
	return nil
}

// Resume begins another take of a session's stream. Whoever serves an earlier one learns of it by SessionChanged.
func (s *Store) Resume(ctx context.Context, session, id string) (*Stream, error) {
	v, err := s.scripts.resume.Run(ctx, s.rdb, []string{streamKey(id)}, session, streamLife.Milliseconds(), sessionKey(session), lookAgain).Slice()
	if err != nil {
		return nil, fmt.Errorf("resume stream: %w", err)
	}
	r := reply(v)
	if len(r) == 0 {
		return nil, ErrNoStream
	}
	left, err := strconv.ParseInt(r.text(1), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("resume stream: %w", err)
	}
	x := &Stream{
		ID: id, Session: session, Take: int(r.code()), Hold: time.Duration(left) * time.Millisecond,
		Request: json.RawMessage(r.text(2)), Kind: StreamKind(r.text(3)), Task: tasks.ID(r.text(4)), Tool: r.text(5),
	}
	if token := r.text(6); token != "" {
		x.Token = json.RawMessage(token)
	}
	return x, nil
}

// note is what a session keeps of a request in flight.
func (x Stream) note() string {
	return string(x.Kind) + " " + string(x.Task) + " " + cmp.Or(x.Waiter, nobody)
}

const (
	nobody    = "-"
	withdrawn = " withdrawn" // as in withdraw.lua: ends the note of a request that its client cancelled
)

// KeepStream lets a stream's life begin anew. take is its latest one, 0 if there is no such stream; cancelled says that its client wants
// no answer any more.
func (s *Store) KeepStream(ctx context.Context, session, id string, request json.RawMessage) (take int, cancelled bool, err error) {
	p := s.rdb.Pipeline()
	p.PExpire(ctx, streamKey(id), streamLife)
	got := p.HGet(ctx, streamKey(id), "take")
	note := p.HGet(ctx, sessionKey(session), requestField+string(request))
	if _, err := p.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return 0, false, fmt.Errorf("keep stream: %w", err)
	}
	take, _ = got.Int()
	return take, strings.HasSuffix(note.Val(), withdrawn), nil
}

// Withdraw notes that a session's client cancelled a request, and tells whoever serves it. ok is false if it is not in flight. Of the
// request are known its kind, its task and what waits for that.
func (s *Store) Withdraw(ctx context.Context, session string, request json.RawMessage) (x Stream, ok bool, err error) {
	v, err := s.scripts.withdraw.Run(ctx, s.rdb, []string{sessionKey(session)}, requestField+string(request), lookAgain).Slice()
	if err != nil {
		return x, false, fmt.Errorf("cancel request: %w", err)
	}
	r := reply(v)
	if len(r) == 0 {
		return x, false, nil
	}
	x = Stream{Session: session, Request: request, Kind: StreamKind(r.text(0)), Task: tasks.ID(r.text(1)), Waiter: r.text(2)}
	if x.Waiter == nobody {
		x.Waiter = ""
	}
	return x, true, nil
}

// Done ends that a request is in flight. cancelled says that its client wants no answer any more, which stays noted.
func (s *Store) Done(ctx context.Context, session string, request json.RawMessage) (cancelled bool, err error) {
	n, err := s.scripts.done.Run(ctx, s.rdb, []string{sessionKey(session)}, requestField+string(request), withdrawn).Int()
	if err != nil {
		return false, fmt.Errorf("end of a request: %w", err)
	}
	return n == 1, nil
}
