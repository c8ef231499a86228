package server

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// listItem is an entry of a list of resources, templates or prompts.
type listItem struct {
	name   string // the name or URI by which it is asked for; a template's has variables in it
	listed json.RawMessage
}

// listResources serves resources/list. Results of tasks are not listed: whoever may read them got their links.
func (s *Server) listResources(_ context.Context, q *request) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	page, next, err := pageItems(c.sources.resources, q.Params)
	if err != nil {
		return nil, err
	}
	return wire.Resources(page, next, q.server(s)), nil
}

// listTemplates serves resources/templates/list.
func (s *Server) listTemplates(_ context.Context, q *request) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	page, next, err := pageItems(c.sources.templates, q.Params)
	if err != nil {
		return nil, err
	}
	return wire.ResourceTemplates(page, next, q.server(s)), nil
}

// pageItems returns the page that a request asks for. The items are sorted by name.
func pageItems(all []listItem, params wire.Object) (page []json.RawMessage, next string, err error) {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = x.name
	}
	start, end, next, err := pageOf(names, params)
	if err != nil {
		return nil, "", err
	}
	for _, x := range all[start:end] {
		page = append(page, x.listed)
	}
	return page, next, nil
}

// readResource serves resources/read.
func (s *Server) readResource(ctx context.Context, q *request) (json.RawMessage, error) {
	uri, err := uriOf(q.Params)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(uri, tasks.URIScheme) {
		return s.readOwn(ctx, q, uri)
	}
	return s.readMirrored(ctx, q, uri)
}

// maxURI is how many bytes the URI of a resource may have.
const maxURI = 2 << 10

// uriOf is the resource that a request, or a part of it, is about.
func uriOf(o wire.Object) (string, error) {
	uri, ok := o.Text("uri")
	if !ok || len(uri) > maxURI {
		return "", invalid("uri must be a string of at most %d bytes", maxURI)
	}
	return uri, nil
}

// readMirrored serves resources/read of a resource that is not ours.
func (s *Server) readMirrored(ctx context.Context, q *request, uri string) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	source := c.sources.ofURI(uri)
	if source == nil {
		return nil, q.noResource(uri)
	}
	return s.inquire(ctx, q, source)
}

// noResource makes one and the same error for what is unknown, expired, malformed or another caller's.
func (q *request) noResource(uri string) error {
	code := wire.CodeNoResource
	if q.modern() {
		code = wire.CodeInvalidParams
	}
	return &wire.Error{Code: code, Message: "resource not found", Data: map[string]any{"uri": uri}}
}
