package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Place is one in an owner's tasks. The zero value is before the first of them.
type Place struct {
	Created int64 // Redis milliseconds
	ID      tasks.ID
}

// String is the form in which a client carries a place around.
func (p Place) String() string { return strconv.FormatInt(p.Created, 10) + " " + string(p.ID) }

// ParsePlace is the inverse of String.
func ParsePlace(s string) (Place, error) {
	ms, id, _ := strings.Cut(s, " ")
	created, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return Place{}, fmt.Errorf("place: %w", err)
	}
	parsed, err := tasks.ParseID(id)
	return Place{created, parsed}, err
}

// listRounds bounds how much of an index without records one call looks through.
const listRounds = 5

// List reads up to n of an owner's tasks, the latest first, from those after a place on. more says that there may be others after last,
// even if there are fewer than n: what has been forgotten is skipped. Results and questions are not read. It never writes.
func (s *Store) List(ctx context.Context, owner tasks.Owner, after Place, n int) (list []*tasks.Task, last Place, more bool, err error) {
	last, more = after, true
	for round := 0; more && len(list) < n && round < listRounds; round++ {
		places, rest, err := s.places(ctx, owner, last, n-len(list))
		if err != nil {
			return nil, last, false, fmt.Errorf("list tasks: %w", err)
		}
		found, err := s.glance(ctx, places)
		if err != nil {
			return nil, last, false, fmt.Errorf("list tasks: %w", err)
		}
		list, more = append(list, found...), rest
		if len(places) > 0 {
			last = places[len(places)-1]
		}
	}
	return list, last, more, nil
}

// places are the next n of an owner's index. Tasks of the same millisecond are in order of their ids, the last one first.
func (s *Store) places(ctx context.Context, owner tasks.Owner, after Place, n int) (list []Place, rest bool, err error) {
	by := &redis.ZRangeBy{Min: "-inf", Max: "+inf", Count: int64(n) + 1}
	if after.ID != "" {
		by.Max = strconv.FormatInt(after.Created, 10)
	}
	for {
		page, err := s.rdb.ZRevRangeByScoreWithScores(ctx, ownerKey(owner), by).Result()
		if err != nil {
			return nil, false, err
		}
		for _, z := range page {
			p := Place{int64(z.Score), tasks.ID(text(z.Member))}
			if p.Created == after.Created && p.ID >= after.ID {
				continue // of the same millisecond, and seen
			}
			if len(list) == n {
				return list, true, nil
			}
			list = append(list, p)
		}
		if len(page) <= n {
			return list, false, nil
		}
		by.Offset += int64(len(page))
	}
}

// glance reads tasks without what may be large, and leaves out those that are forgotten.
func (s *Store) glance(ctx context.Context, places []Place) ([]*tasks.Task, error) {
	type cmds struct {
		hash             *redis.MapStringStringCmd
		message, lastErr *redis.StringCmd
	}
	read := make([]cmds, len(places))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, at := range places {
			read[i] = cmds{p.HGetAll(ctx, taskKey(at.ID)), p.Get(ctx, messageKey(at.ID)), p.Get(ctx, errorKey(at.ID))}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	var list []*tasks.Task
	for i, at := range places {
		if len(read[i].hash.Val()) == 0 {
			continue
		}
		t, err := record(read[i].hash.Val()).task(at.ID, beside{message: read[i].message.Val(), lastErr: read[i].lastErr.Val()})
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, s.whyFailed(ctx, list)
}

// whyFailed reads the errors of those that failed: their status messages.
func (s *Store) whyFailed(ctx context.Context, list []*tasks.Task) error {
	errs := make(map[*tasks.Task]*redis.StringCmd)
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, t := range list {
			if t.Status == tasks.Failed {
				errs[t] = p.Get(ctx, resultKey(t.ID))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for t, cmd := range errs {
		if err := (record{}).outcome(t, cmd.Val()); err != nil {
			return err
		}
	}
	return nil
}
