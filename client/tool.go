package client

import (
	"context"
	"encoding/json"
	"errors"
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

// toolCache remembers the tools as last listed: a call needs to know which of its arguments are repeated in headers.
type toolCache struct {
	mu     sync.Mutex
	listed map[string]*Tool // nil: not yet
}

// maxListed bounds what a list of tools may have, in bytes.
const maxListed = 64 << 20

// Tools lists the server's tools, in its order.
func (c *Client) Tools(ctx context.Context) ([]Tool, error) {
	entries, _, err := c.Entries(ctx, wire.MethodToolsList, "tools", maxListed)
	if err != nil {
		return nil, err
	}
	var list []Tool
	for _, raw := range entries {
		t := Tool{Raw: raw}
		if json.Unmarshal(raw, &t) != nil {
			continue // one that cannot be read must not hide the others
		}
		if c.modern() {
			if t.headers, err = wire.ParamHeaders(t.InputSchema); err != nil {
				continue // a tool with such a schema is to be left out, says the specification
			}
		}
		list = append(list, t)
	}
	c.tools.keep(list)
	return list, nil
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

// find returns the tool, or nil, and whether there is a list.
func (tc *toolCache) find(name string) (*Tool, bool) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.listed[name], tc.listed != nil
}

// tool returns what the server says about a tool. If it is not listed it may still be called: then only its name is known.
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
