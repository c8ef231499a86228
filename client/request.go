package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Request is a request that may be repeated without harm, such as resources/read.
type Request struct {
	Method string
	// Name is what Mcp-Name repeats of the params, for the methods that have it: the URI of a resource, the name of a prompt.
	Name string
	// Params is an object. Members are added to its _meta.
	Params map[string]json.RawMessage
	// Answers are the kinds of question that may come instead of a result, from 2026-07-28 on.
	Answers tasks.Capabilities
}

// Request sends a request until it is answered. The result is as the server wrote it; from 2026-07-28 on it may be a question.
func (c *Client) Request(ctx context.Context, q Request) (json.RawMessage, error) {
	params, meta := object{}, object{}
	for name, value := range q.Params {
		params[name] = value
	}
	if raw, ok := q.Params["_meta"]; ok {
		if err := tasks.Unmarshal(raw, &meta); err != nil {
			return nil, fmt.Errorf("_meta: %w", err)
		}
	}
	return c.persist(ctx, &request{method: q.Method, name: q.Name, params: params, meta: meta, limit: quick, answers: &q.Answers})
}
