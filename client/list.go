package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/wire"
)

// List returns a page of the caller's tasks and the cursor of the next page, which is empty after the last. The first page has the empty
// cursor.
func (c *Client) List(ctx context.Context, cursor string) (page []Task, next string, err error) {
	list := c.listByTool // 2026-07-28 has no method for it
	if !c.modern() && !c.lists(ctx) {
		list = c.listByMethod // which knows neither tools nor progress
	}
	args := object{}
	if cursor != "" {
		args["cursor"] = cursor
	}
	raw, err := list(ctx, args)
	if err != nil {
		return nil, "", err
	}
	found, next, err := wire.ReadTaskList(raw)
	for _, t := range found {
		page = append(page, Task{
			ID: t.ID, Tool: t.Tool, Status: t.Status, Message: t.StatusMessage, Progress: t.Progress, Created: t.Created, Updated: t.Updated,
		})
	}
	return page, next, err
}

// listByTool calls the handle tool. It declares no extension: clients with tasks are not offered the handle tools.
func (c *Client) listByTool(ctx context.Context, args object) (json.RawMessage, error) {
	raw, err := c.persist(ctx, &request{
		method: wire.MethodToolsCall, name: listTool, bare: true, limit: quick, params: object{"name": listTool, "arguments": args},
	})
	if hasCode(err, wire.CodeInvalidParams, wire.CodeMethodNotFound) {
		return nil, fmt.Errorf("%w: %w", ErrNoList, err)
	}
	if err != nil {
		return nil, err
	}
	r, err := readResult(raw, "")
	switch {
	case err != nil:
		return nil, err
	case r.IsError || r.Structured == nil:
		return nil, fmt.Errorf("%w: %.200s", ErrNoList, r.Text())
	}
	return r.Structured, nil
}

func (c *Client) listByMethod(ctx context.Context, args object) (json.RawMessage, error) {
	if !c.Server().legacyList {
		return nil, ErrNoList
	}
	return c.persist(ctx, &request{method: wire.MethodTasksList, params: args, limit: quick})
}
