package admin

import (
	"context"
	"fmt"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/store"
)

// Retire takes a tool off the list of tools. A worker that still has it lists it again with its next announcement, in half a minute at
// most. ErrMistaken: no such tool is listed. ErrUnreachable: it may be retired or not; retiring again does no harm.
func Retire(ctx context.Context, redisURL, tool string) error {
	return with(ctx, redisURL, func(ctx context.Context, s *store.Store) error {
		listed, err := s.Retire(ctx, tool)
		if err == nil && !listed {
			err = unlisted(ctx, s, tool)
		}
		return err
	})
}

// unlisted is the error about a tool that is not listed, with the name that may have been meant.
func unlisted(ctx context.Context, s *store.Store, tool string) error {
	list, err := s.Catalog(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	return fmt.Errorf("%w: no tool %s is listed%s", ErrMistaken, tool, spelling.Suggestion(tool, names))
}
