package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Warning is a reason to worry about tasks.
type Warning struct {
	Text string // for anybody
	Node string // on a cluster: the address of the master that gives it
}

// Check looks for settings and states of Redis, on a cluster of each master, under which tasks can be lost or are refused. It asks by INFO,
// since managed ones refuse CONFIG; where even that is not answered (the embedded store), it says nothing.
func (s *Store) Check(ctx context.Context) []Warning {
	var mu sync.Mutex
	var warnings []Warning
	cluster, isCluster := s.rdb.(*redis.ClusterClient)
	look := func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		if err != nil {
			return nil //nolint:nilerr // Ping tells of a Redis that is away
		}
		mu.Lock()
		defer mu.Unlock()
		for _, text := range s.worries(info) {
			w := Warning{Text: text}
			if isCluster {
				w.Node = node.Options().Addr
			}
			warnings = append(warnings, w)
		}
		return nil
	}
	if isCluster {
		_ = cluster.ForEachMaster(ctx, look)
	} else if one, ok := s.rdb.(*redis.Client); ok {
		_ = look(ctx, one)
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Node, b.Node)) })
	return warnings
}

// worries are what one node's INFO gives reason for.
func (s *Store) worries(info string) []string {
	var list []string
	is := func(name string) string { return infoField(info, name) }
	worry := func(when bool, words string) {
		if when {
			list = append(list, words)
		}
	}
	policy := is("maxmemory_policy")
	worry(policy != "" && policy != "noeviction", "Redis may evict tasks: set maxmemory-policy to noeviction, it is "+policy)
	worry(is("aof_enabled") == "0", "Redis forgets tasks when it restarts: set appendonly to yes")
	worry(is("aof_last_write_status") == "err", "Redis cannot write its append-only file: it refuses every write")
	used, most := number(is("used_memory")), number(is("maxmemory"))
	worry(most > 0 && used > most, "Redis is full: it refuses new tasks")
	worry(is("role") == "slave", "Redis is a replica: it refuses every write")
	strict := s.opts.Strict && is("role") == "master"
	worry(strict && is("connected_slaves") == "0", "strict durability refuses every write until Redis has a replica")
	worry(strict && is("min_slaves_good_slaves") == "", "strict durability: set min-replicas-to-write to 1, on every node that may become the master")
	return list
}

func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return v
		}
	}
	return ""
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
