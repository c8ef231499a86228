package loganalysis

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// pace says how often something is done beside reading. A checkpoint is due after a time, or sooner after a share of all bytes.
type pace struct {
	report time.Duration // between two reports of progress

	every time.Duration
	share int64 // 32: one part of 32
	least int64 // bytes for which a trip to Redis is worth it
	rest  int   // how many times as long as a checkpoint took there is none, unless two shares were read by then
	wait  bool  // the readers wait for one checkpoint rather than miss another

	segment int64 // bytes; 0: so many as suit what there is to read
}

var usualPace = pace{report: 200 * time.Millisecond, every: 5 * time.Second, share: 32, least: 8 << 20, rest: 5}

// saver makes the checkpoints of one attempt, one at a time, while the readers go on. Nothing that goes wrong with them fails the
// task: it would only read more again.
type saver struct {
	pace
	ctx     context.Context
	attempt *tasks.Attempt
	packer  *packer
	total   int64
	saving  sync.WaitGroup

	mu     sync.Mutex    // held while a checkpoint is made
	read   int64         // by the last one
	at     time.Time     // when it was made …
	took   time.Duration // … and how long that took
	warned bool
}

func newSaver(ctx context.Context, a *tasks.Attempt, p pace, st *state) *saver {
	return &saver{pace: p, ctx: ctx, attempt: a, packer: newPacker(), total: st.size(), read: st.read, at: time.Now()}
}

// offer makes a checkpoint of a state if one is due. The state may go on when it returns.
func (s *saver) offer(st *state) {
	if s.wait {
		s.mu.Lock()
	} else if !s.mu.TryLock() {
		return
	}
	if !s.due(st.read) {
		s.mu.Unlock()
		return
	}
	begun := time.Now()
	s.packer.encode(st)
	read := st.read
	s.saving.Go(func() {
		defer s.mu.Unlock()
		s.keep(read)
		s.at, s.took = time.Now(), time.Since(begun)
	})
}

func (s *saver) due(read int64) bool {
	since, more, share := time.Since(s.at), read-s.read, max(s.total/s.share, s.least)
	if read == s.total || more < 2*share && since < time.Duration(s.rest)*s.took {
		return false
	}
	return more >= share || more > 0 && since >= s.every
}

// keep is what costs time: compressing, and the trip to Redis.
func (s *saver) keep(read int64) {
	err := s.attempt.Checkpoint(s.ctx, checkpoint{Version: version, State: s.packer.pack()})
	switch {
	case err == nil:
		s.read = read
	case s.ctx.Err() == nil && !s.warned:
		s.warned = true
		s.attempt.Log(slog.LevelWarn, "no checkpoint: %v", err)
	}
}

// finish makes a last checkpoint, once nobody reads any more.
func (s *saver) finish(st *state) {
	s.saving.Wait()
	if st.read > s.read {
		s.packer.encode(st)
		s.keep(st.read)
	}
}
