package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Announce lists tools in the catalogue, unless a process that started later announced them. started is "" at a process's first
// announcement; it is returned, and names the process in the later ones.
func (s *Store) Announce(ctx context.Context, started string, tools []tasks.Tool) (string, error) {
	started, err := s.announceLimits(ctx, started, tools) // first: no call may find the tool without its limit
	if err != nil {
		return started, err
	}
	for _, t := range tools {
		doc, err := json.Marshal(t)
		if err != nil {
			return started, fmt.Errorf("announce %s: %w", t.Name, err)
		}
		started, err = s.scripts.announce.Run(ctx, s.rdb, []string{catalogKey}, started, t.Name, doc).Text()
		if err != nil {
			return started, fmt.Errorf("announce %s: %w", t.Name, err)
		}
	}
	return started, nil
}

// Unlist takes a tool out of the catalogue that this process announced and does not have any more. What a process announced that started
// later stays; one that started earlier, and still has the tool, announces it when it hears of this. started is what Announce returned.
func (s *Store) Unlist(ctx context.Context, started, tool string) error {
	if err := s.scripts.unlist.Run(ctx, s.rdb, []string{catalogKey}, started, tool).Err(); err != nil {
		return fmt.Errorf("unlist %s: %w", tool, err)
	}
	return nil
}

// Retire takes a tool off the catalogue, and says whether it was there. A worker that still has it announces it again.
func (s *Store) Retire(ctx context.Context, tool string) (bool, error) {
	listed, err := s.scripts.retire.Run(ctx, s.rdb, []string{catalogKey}, tool).Bool()
	if err != nil {
		return false, fmt.Errorf("retire %s: %w", tool, err)
	}
	return listed, nil
}

// Catalog reads every announced tool, in no order. Entries that this program cannot read are left out.
func (s *Store) Catalog(ctx context.Context) ([]tasks.Tool, error) {
	entries, err := s.rdb.HGetAll(ctx, catalogKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	list := make([]tasks.Tool, 0, len(entries))
	for _, entry := range entries {
		_, doc, _ := strings.Cut(entry, " ")
		var t tasks.Tool
		if json.Unmarshal([]byte(doc), &t) == nil {
			list = append(list, t)
		}
	}
	return list, nil
}
