package cli

import (
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
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
		return cmd.copy(a, c, a.out, a.columns == 0) // a terminal shows what is read
	}
	f, err := os.Create(cmd.Output)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	err = cmd.copy(a, c, f, true)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// copy shows how far it is, as call does for a task. What one answer has whole is there before there is anything to show.
func (cmd *readCmd) copy(a *app, c *client.Client, to io.Writer, shown bool) error {
	if !shown {
		return c.CopyResource(a.ctx, to, cmd.URI, nil)
	}
	began, parts := time.Now(), false
	display := a.display(oneLine(path.Base(cmd.URI)))
	defer display.clear()
	return c.CopyResource(a.ctx, to, cmd.URI, func(bytes, size int64) {
		if parts = parts || bytes < size; parts {
			display.show(copied(began, bytes, size))
		}
	})
}

// copied is how a copy stands, as displays show it.
func copied(began time.Time, bytes, size int64) client.Task {
	t := client.Task{
		Status: tasks.Working, Created: began, Updated: time.Now(), Progress: tasks.Progress{Done: float64(bytes), Total: float64(size)},
		Message: fmt.Sprintf("%s of %s bytes", short(float64(bytes)), short(float64(size))),
	}
	if bytes == size {
		t.Status = tasks.Completed
	}
	return t
}
