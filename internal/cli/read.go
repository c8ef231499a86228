package cli

import (
	"fmt"
	"os"

	"github.com/longhaul-mcp/longhaul/client"
)

type readCmd struct {
	URI    string `arg:"" help:"Resource, such as a link of a result."`
	Output string `short:"o" help:"Write to this file instead." placeholder:"FILE" type:"path"`
}

// Run reads a resource, whatever its size.
func (cmd *readCmd) Run(a *app) (err error) {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	if cmd.Output == "" {
		return c.CopyResource(a.ctx, a.out, cmd.URI)
	}
	f, err := os.Create(cmd.Output)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	err = c.CopyResource(a.ctx, f, cmd.URI)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
