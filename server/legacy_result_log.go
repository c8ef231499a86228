package server

import (
	"context"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/wire"
)

// journal remembers how much of a task's log a session's client has been told, so that a stream that follows another does not begin again with all
// of it.
type journal struct {
	read  bool // seq says what earlier streams told
	wrote bool // this stream told more
	seq   int64
}

// tellLog sends what was logged. Only one of the session's streams does so at a time (ours).
func (a *awaited) tellLog(ctx context.Context, logs []store.Log) error {
	a.recallJournal(ctx)
	if a.logged.seq > a.task.Seq { // a failover took seq back
		a.logged.seq = 0
	}
	for _, l := range logs {
		level := wire.Level(l.Level)
		if l.Seq <= a.logged.seq || !a.logLevel().Covers(level) {
			continue
		}
		a.out.seq = l.Seq
		if err := a.out.send(wire.Logged(a.task.ID, level, a.task.Tool, l.Message)); err != nil {
			return err
		}
		a.logged.seq, a.logged.wrote = l.Seq, true
	}
	return nil
}

// recallJournal reads how much earlier streams told. If the store does not answer, something may be told twice.
func (a *awaited) recallJournal(ctx context.Context) {
	if a.logged.read || a.courier == nil {
		return
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	seq, err := a.server.store.Heard(ctx, a.session.ID, a.task.ID)
	a.logged.read, a.logged.seq = err == nil, max(a.logged.seq, seq)
}

// mark notes where the next stream goes on. It must come before other streams learn that this one has ended.
func (a *awaited) mark(ctx context.Context) {
	if !a.logged.wrote || a.courier == nil {
		return
	}
	ctx, cancel := brief(context.WithoutCancel(ctx)) // the client may have left
	defer cancel()
	if err := a.server.store.Told(ctx, a.session.ID, a.task.ID, a.logged.seq); err != nil {
		a.log.Warn("log may be told again", "task", a.task.ID, "err", err)
	}
}
