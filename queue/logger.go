package queue

import (
	"fmt"
	"log/slog"
)

// logger makes asynq's messages less important than asynq finds them: it knows nothing of what the records and the
// keeper mend. What it calls errors are mostly a Redis that is away, said every few seconds.
type logger struct{ to *slog.Logger }

func (l logger) Debug(args ...any) {} // one per empty queue and round
func (l logger) Info(args ...any)  { l.to.Debug("asynq: " + fmt.Sprint(args...)) }
func (l logger) Warn(args ...any)  { l.to.Debug("asynq: " + fmt.Sprint(args...)) }
func (l logger) Error(args ...any) { l.to.Warn("asynq: " + fmt.Sprint(args...)) }
func (l logger) Fatal(args ...any) { l.to.Error("asynq: " + fmt.Sprint(args...)) }
