package server

import (
	"context"
	"encoding/base64"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// page is some of a caller's tasks, and the cursor of those that follow: "" if there are none.
func (s *Server) page(ctx context.Context, owner tasks.Owner, after store.Place, n int) (list []*tasks.Task, next string, err error) {
	list, last, more, err := s.store.List(ctx, owner, after, n)
	if err != nil || !more {
		return list, "", err
	}
	return list, base64.RawURLEncoding.EncodeToString([]byte(last.String())), nil
}

// parseCursor is the place that a cursor stands for.
func parseCursor(cursor string) (store.Place, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if place, placeErr := store.ParsePlace(string(text)); err == nil && placeErr == nil {
		return place, nil
	}
	return store.Place{}, invalid("cursor is not one of ours")
}
