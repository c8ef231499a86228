package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// AnnounceSource lists a source in the catalogue of sources, as Announce does tools.
func (s *Store) AnnounceSource(ctx context.Context, started string, source *tasks.Source) (string, error) {
	doc, err := json.Marshal(source)
	if err != nil {
		return started, fmt.Errorf("announce source %s: %w", source.Name, err)
	}
	now, err := s.scripts.announce.Run(ctx, s.rdb, []string{sourcesKey}, started, source.Name, pack(doc)).Text()
	if err != nil {
		return started, fmt.Errorf("announce source %s: %w", source.Name, err)
	}
	return now, nil
}

// UnlistSource takes a source out of the catalogue that this process announced, unless one that started later has announced it since.
func (s *Store) UnlistSource(ctx context.Context, started, name string) error {
	if err := s.scripts.unlist.Run(ctx, s.rdb, []string{sourcesKey}, started, name).Err(); err != nil {
		return fmt.Errorf("unlist source %s: %w", name, err)
	}
	return nil
}

// RetireSource takes a source off the catalogue, and says whether it was there. A worker that still has it announces it again.
func (s *Store) RetireSource(ctx context.Context, name string) (bool, error) {
	listed, err := s.scripts.retire.Run(ctx, s.rdb, []string{sourcesKey}, name).Bool()
	if err != nil {
		return false, fmt.Errorf("retire source %s: %w", name, err)
	}
	return listed, nil
}

// Sources reads every announced source, in no order. Entries that this program cannot read are left out.
func (s *Store) Sources(ctx context.Context) ([]*tasks.Source, error) {
	entries, err := s.rdb.HGetAll(ctx, sourcesKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read catalogue of sources: %w", err)
	}
	list := make([]*tasks.Source, 0, len(entries))
	for name, entry := range entries {
		_, packed, _ := strings.Cut(entry, " ")
		doc, err := unpack(packed)
		source := new(tasks.Source)
		if err == nil && json.Unmarshal(doc, source) == nil && source.Name == name {
			list = append(list, source)
		}
	}
	return list, nil
}
