package store

import (
	"context"
	"strings"
)

// Check looks for settings of Redis under which tasks can be lost. It asks by INFO, since managed ones refuse CONFIG; where even that
// is not answered (the embedded store), it says nothing.
func (s *Store) Check(ctx context.Context) []string {
	var warnings []string
	if memory, err := s.rdb.Info(ctx, "memory").Result(); err == nil {
		if policy := infoField(memory, "maxmemory_policy"); policy != "" && policy != "noeviction" {
			warnings = append(warnings, "Redis may evict tasks: set maxmemory-policy to noeviction, it is "+policy)
		}
	}
	if replication, err := s.rdb.Info(ctx, "replication").Result(); err == nil && s.opts.Strict {
		if infoField(replication, "connected_slaves") == "0" {
			warnings = append(warnings, "strict durability refuses every write until Redis has a replica")
		}
	}
	if persistence, err := s.rdb.Info(ctx, "persistence").Result(); err == nil {
		if infoField(persistence, "aof_enabled") == "0" {
			warnings = append(warnings, "Redis forgets tasks when it restarts: set appendonly to yes")
		}
	}
	return warnings
}

func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return v
		}
	}
	return ""
}
