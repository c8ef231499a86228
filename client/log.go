package client

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/longhaul-mcp/longhaul/wire"
)

// wantLog asks a server of an earlier revision to send its log as long as the session lasts. A refusal is no error.
func (c *Client) wantLog(ctx context.Context) error {
	_, err := c.exchange(ctx, &request{method: wire.MethodLoggingSetLevel, params: object{"level": c.opts.LogLevel}, limit: quick}, c.sessionID())
	if _, refused := errors.AsType[*Error](err); refused {
		return nil
	}
	return err
}

// logged passes on what a tool logs.
func (c *Client) logged(m message) {
	var p struct {
		Level string          `json:"level"`
		Data  json.RawMessage `json:"data"`
	}
	if c.opts.Log != nil && m.Method == wire.NoticeMessage && json.Unmarshal(m.Params, &p) == nil {
		c.opts.Log(p.Level, p.Data)
	}
}
