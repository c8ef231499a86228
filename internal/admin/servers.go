package admin

import (
	"context"

	"github.com/longhaul-mcp/longhaul/store"
)

// View is how one worker sees one upstream server.
type View = store.View

// Servers are how all workers see their upstream servers, by server and worker. Workers that are gone are left out.
func Servers(ctx context.Context, redisURL string) (list []View, err error) {
	err = with(ctx, redisURL, func(ctx context.Context, s *store.Store) error {
		list, err = s.Views(ctx)
		return err
	})
	return list, err
}
