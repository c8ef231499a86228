package server

import (
	"context"
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// page returns n of a caller's tasks, and the cursor of those that follow: "" if there are none.
func (s *Server) page(ctx context.Context, owner tasks.Owner, after store.Place, n int) (list []*tasks.Task, next string, err error) {
	list, last, more, err := s.store.List(ctx, owner, after, n)
	if err != nil || !more {
		return list, "", err
	}
	return list, encodeCursor(last.String()), nil
}

// parseCursor returns the place that a cursor stands for.
func parseCursor(cursor string) (store.Place, error) {
	text, err := decodeCursor(cursor)
	if err != nil {
		return store.Place{}, err
	}
	place, err := store.ParsePlace(text)
	if err != nil {
		return store.Place{}, errCursor
	}
	return place, nil
}

// pageSize is how many tools, resources and so on one page of their list has.
const pageSize = 100

// pageOf returns which of the sorted names are on the page that a request asks for, and the cursor of those that follow: "" if there are none.
func pageOf(names []string, params wire.Object) (start, end int, next string, err error) {
	start, err = after(names, params)
	if err != nil {
		return 0, 0, "", err
	}
	if end = len(names); end-start > pageSize {
		end = start + pageSize
		next = encodeCursor(names[end-1])
	}
	return start, end, next, nil
}

// after returns where the page of a cursor starts. A cursor is the last name of the page before, so that a list that changes between two pages
// neither repeats an entry nor leaves one out.
func after(names []string, params wire.Object) (int, error) {
	if !params.Has("cursor") {
		return 0, nil
	}
	cursor, _ := params.Text("cursor")
	name, err := decodeCursor(cursor)
	if err != nil {
		return 0, err
	}
	i, found := slices.BinarySearch(names, name)
	if found {
		i++
	}
	return i, nil
}

// A cursor is opaque to clients. Ours are base64, so that no client comes to rely on their content.

func encodeCursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decodeCursor(cursor string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) == 0 || !utf8.Valid(text) {
		return "", errCursor
	}
	return string(text), nil
}

var errCursor = invalid("cursor is not one of ours")
