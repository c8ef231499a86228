package queue

import (
	"context"
	"strconv"
	"time"
)

// What asynq lists of those who serve, by when they are believed to be gone. Who was killed does not take itself off, and asynq does it
// only when its Inspector is asked who serves, which nobody here asks.
const (
	serversKey = "asynq:servers"
	workersKey = "asynq:workers"
)

const forgetTime = time.Second

// forgetDead takes those off asynq's lists that are gone. One that is not, but whose clock is behind, puts itself on again in seconds.
func (s *Server) forgetDead(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	before := "(" + strconv.FormatInt(time.Now().Unix(), 10)
	for _, list := range []string{serversKey, workersKey} {
		_ = s.rdb.ZRemRangeByScore(ctx, list, "-inf", before).Err() // else the next one that begins to serve does it
	}
}
