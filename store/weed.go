package store

import (
	"context"
	"strconv"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// weeded is how many entries are looked at for each task that is forgotten: so many more than are ever left behind.
const weeded = 2

// weed takes entries that have no record out of an owner's index: the creation failed halfway, the record expired while nobody kept,
// or whoever pruned it died. Like Redis's own expiry it looks at a few at random; an owner of many tasks has many pruned. Only what is
// older than the task just forgotten is looked at, since the index is written before the record.
func (s *Store) weed(ctx context.Context, owner tasks.Owner, before string) {
	limit, err := strconv.ParseFloat(before, 64)
	if err != nil {
		return
	}
	listed, err := s.rdb.ZRandMemberWithScores(ctx, ownerKey(owner), weeded).Result()
	if err != nil {
		return // another time
	}
	for _, entry := range listed {
		name, _ := entry.Member.(string)
		id, err := tasks.ParseID(name)
		if err != nil || entry.Score >= limit {
			continue
		}
		if n, err := s.rdb.Exists(ctx, taskKey(id)).Result(); err == nil && n == 0 {
			s.unlist(ctx, owner, id)
		}
	}
}
