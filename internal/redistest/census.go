package redistest

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// Holding is what a key holds.
type Holding struct {
	Type string
	Size int64 // members, fields or elements; 1 for a string
}

// Census is every key of a database with what it holds. Keys that come and go meanwhile may be left out.
func Census(t testing.TB, rdb redis.UniversalClient) map[string]Holding {
	t.Helper()
	census := make(map[string]Holding)
	scan := rdb.Scan(t.Context(), 0, "*", 1000).Iterator()
	for scan.Next(t.Context()) {
		if h := holding(t, rdb, scan.Val()); h.Size > 0 {
			census[scan.Val()] = h
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return census
}

func holding(t testing.TB, rdb redis.UniversalClient, key string) Holding {
	t.Helper()
	kind, err := rdb.Type(t.Context(), key).Result()
	size := redis.NewIntResult(0, err) // of a key that is gone by now: type none
	switch kind {
	case "string":
		size = rdb.Exists(t.Context(), key)
	case "hash":
		size = rdb.HLen(t.Context(), key)
	case "list":
		size = rdb.LLen(t.Context(), key)
	case "set":
		size = rdb.SCard(t.Context(), key)
	case "zset":
		size = rdb.ZCard(t.Context(), key)
	}
	if size.Err() != nil {
		t.Fatalf("%s: %v", key, size.Err())
	}
	return Holding{kind, size.Val()}
}
