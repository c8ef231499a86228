package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// ownTemplates are the templates of tasks' results and artifacts.
var ownTemplates = []listItem{
	template(tasks.URIScheme+"tasks/{taskId}/artifacts/{+name}{?lines,bytes}", "artifact", "A file that a task has left"),
	template(tasks.URIScheme+"tasks/{taskId}/result{?lines,bytes}", "result",
		"The whole text of a task's result. ?lines=1-200 reads some of its lines, ?lines=200- what follows, ?bytes=0-65535 some of its bytes"),
}

func template(uri, name, description string) listItem {
	return listItem{uri, wire.Listed(wire.ResourceTemplate{URITemplate: uri, Name: name, Description: description})}
}

// content is a result or an artifact, which can be read in parts.
type content struct {
	blob.Form
	mimeType string
	open     func(ctx context.Context, offset, length int64) (io.ReadCloser, error)
}

// readOwn reads what a task has left, for its owner.
func (s *Server) readOwn(ctx context.Context, q *request, uri string) (json.RawMessage, error) {
	id, artifact, query, err := tasks.ParseURI(uri)
	if err != nil {
		return nil, q.noResource(uri)
	}
	want, err := parseRange(query)
	if err != nil {
		return nil, err
	}
	c, err := s.left(ctx, q, id, artifact)
	if err == nil {
		err = s.sendContent(ctx, q, uri, c, want)
	}
	if errors.Is(err, tasks.ErrNotFound) || errors.Is(err, blob.ErrNotFound) {
		return nil, q.noResource(uri)
	}
	return nil, err
}

// left finds an artifact of a task, or its result if artifact is empty.
func (s *Server) left(ctx context.Context, q *request, id tasks.ID, artifact string) (*content, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	t, err := s.look(ctx, q.owner, string(id))
	if err != nil {
		return nil, err
	}
	name := store.ArtifactPrefix + artifact
	if artifact == "" {
		if name = store.ResultName; !t.Status.Terminal() {
			return nil, invalid("this task has no result yet: it is %s", t.Status)
		}
	}
	b, err := s.store.Blob(ctx, id, name)
	switch {
	case errors.Is(err, tasks.ErrNotFound) && artifact == "" && t.Result != nil:
		return inline(t.Result)
	case err != nil:
		return nil, err
	case s.opts.Blobs == nil:
		return nil, refuse(http.StatusInternalServerError, wire.CodeInternal, "this lies in a blob store, and this server has none: start it with -blob, as the workers")
	}
	c := &content{mimeType: b.MIMEType, open: func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		return s.opts.Blobs.Read(ctx, b.Key, offset, length)
	}}
	return c, json.Unmarshal(b.Form, &c.Form)
}

// inline returns the text of a result that is in Redis.
func inline(result json.RawMessage) (*content, error) {
	var r struct {
		Content []struct {
			Type string
			Text string
		}
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return nil, err
	}
	var texts []string
	for _, c := range r.Content {
		if c.Type == "text" {
			texts = append(texts, c.Text)
		}
	}
	text := []byte(strings.Join(texts, "\n"))
	var f blob.Former
	_, _ = f.Write(text) // it cannot fail
	c := &content{Form: f.Form(), mimeType: "text/plain"}
	if json.Valid(text) {
		c.mimeType = "application/json"
	}
	c.open = func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
		part := text[min(offset, int64(len(text))):]
		if length >= 0 {
			part = part[:min(length, int64(len(part)))]
		}
		return io.NopCloser(bytes.NewReader(part)), nil
	}
	return c, nil
}
