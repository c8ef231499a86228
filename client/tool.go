package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/longhaul-mcp/longhaul/wire"
)

// Tool is a tool as the server lists it.
type Tool struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
	Annotations  struct {
		ReadOnly   bool `json:"readOnlyHint"`
		Idempotent bool `json:"idempotentHint"`
	} `json:"annotations"`
	// Execution is what 2025-11-25 says about calling it as a task.
	Execution struct {
		TaskSupport string `json:"taskSupport"`
	} `json:"execution"`
	// Raw is the tool as the server wrote it.
	Raw json.RawMessage `json:"-"`

	headers []wire.ParamHeader
}

// toolCache is what was listed last: a call needs to know which arguments its headers repeat.
type toolCache struct {
	mu     sync.Mutex
	listed map[string]*Tool // nil: not yet
}

// maxPages bounds a list whose server never ends it.
const maxPages = 1000

// Tools lists the server's tools, in its order.
func (c *Client) Tools(ctx context.Context) ([]Tool, error) {
	var list []Tool
	cursor := ""
	for range maxPages {
		page, next, err := c.toolPage(ctx, cursor)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if cursor = next; cursor == "" {
			break
		}
	}
	c.tools.keep(list)
	return list, nil
}

func (c *Client) toolPage(ctx context.Context, cursor string) (list []Tool, next string, err error) {
	params := object{}
	if cursor != "" {
		params["cursor"] = cursor
	}
	raw, err := c.persist(ctx, &request{method: "tools/list", params: params, limit: quick})
	if err != nil {
		return nil, "", err
	}
	var page struct {
		Tools []json.RawMessage `json:"tools"`
		Next  string            `json:"nextCursor"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, "", fmt.Errorf("tools/list: %w", err)
	}
	for _, raw := range page.Tools {
		t := Tool{Raw: raw}
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, "", fmt.Errorf("tools/list: %w", err)
		}
		if c.modern() {
			if t.headers, err = wire.ParamHeaders(t.InputSchema); err != nil {
				continue // a tool with such a schema is to be left out, says the specification
			}
		}
		list = append(list, t)
	}
	return list, page.Next, nil
}

func (tc *toolCache) keep(list []Tool) {
	listed := make(map[string]*Tool, len(list))
	for _, t := range list {
		listed[t.Name] = &t
	}
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.listed = listed
}

func (tc *toolCache) forget() {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.listed = nil
}

// find is the tool if it was listed, and whether there is a list.
func (tc *toolCache) find(name string) (*Tool, bool) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.listed[name], tc.listed != nil
}

// tool is what the server says about a tool: nothing if it does not list it, which is no reason not to call it.
func (c *Client) tool(ctx context.Context, name string) (*Tool, error) {
	if t, listed := c.tools.find(name); listed && t != nil {
		return t, nil
	}
	if _, err := c.Tools(ctx); err != nil {
		if e, ok := errors.AsType[*Error](err); !ok || e.HTTP == http.StatusUnauthorized || passes(err) {
			return nil, err
		}
	}
	t, _ := c.tools.find(name)
	if t == nil {
		t = &Tool{Name: name}
	}
	return t, nil
}
