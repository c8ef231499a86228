package server

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/longhaul-mcp/longhaul/wire"
)

// shelf is what can be read: resources and templates by their URIs, sorted, since a list has one order.
type shelf struct {
	resources, templates []shelved
}

type shelved struct {
	uri    string // of a template: with its variables
	listed json.RawMessage
}

// shelf is what this server lists: what comes of tasks, and what servers behind workers have.
func (s *Server) shelf() (*shelf, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	return &c.sources.shelf, nil
}

// listResources serves resources/list. Results of tasks are not listed: whoever may read them has their links.
func (s *Server) listResources(_ context.Context, q *request) (json.RawMessage, error) {
	all, err := s.shelf()
	if err != nil {
		return nil, err
	}
	page, next, err := turn(all.resources, q.Params)
	if err != nil {
		return nil, err
	}
	return wire.Resources(page, next, q.server(s)), nil
}

// listTemplates serves resources/templates/list.
func (s *Server) listTemplates(_ context.Context, q *request) (json.RawMessage, error) {
	all, err := s.shelf()
	if err != nil {
		return nil, err
	}
	page, next, err := turn(all.templates, q.Params)
	if err != nil {
		return nil, err
	}
	return wire.ResourceTemplates(page, next, q.server(s)), nil
}

// turn is the page that a request is after.
func turn(all []shelved, params wire.Object) (page []json.RawMessage, next string, err error) {
	uris := make([]string, len(all))
	for i, r := range all {
		uris[i] = r.uri
	}
	start, err := after(uris, params)
	if err != nil {
		return nil, "", err
	}
	all = all[start:]
	if len(all) > pageSize {
		all = all[:pageSize]
		next = encodeCursor(all[pageSize-1].uri)
	}
	for _, r := range all {
		page = append(page, r.listed)
	}
	return page, next, nil
}

// readResource serves resources/read.
func (s *Server) readResource(ctx context.Context, q *request) (json.RawMessage, error) {
	uri, ok := q.Params.Text("uri")
	switch {
	case !ok:
		return nil, invalid("uri must be a string")
	case strings.HasPrefix(uri, ownScheme):
		return s.readOwn(ctx, q, uri)
	}
	return s.readMirrored(ctx, q, uri)
}

// noResource is one text for what is unknown, expired, malformed or another caller's.
func (q *request) noResource(uri string) error {
	code := wire.CodeNoResource
	if q.modern() {
		code = wire.CodeInvalidParams
	}
	return &wire.Error{Code: code, Message: "resource not found", Data: map[string]any{"uri": uri}}
}
