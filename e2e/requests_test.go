package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// plain is what a client without tasks says of itself.
var plain = rig.Object{"io.modelcontextprotocol/clientCapabilities": rig.Object{}}

func startIn(d time.Duration) rig.Object {
	return rig.Object{"dev.longhaul/start-at": time.Now().Add(d).Format(time.RFC3339Nano)}
}

// created makes a task. When the server could not tell whether it did, the task's id can.
func created(ctx context.Context, c *rig.Client, params rig.Object) (id string, err error) {
	err = poll(ctx, func() (bool, error) {
		var task rig.Task
		err := c.Do(ctx, "tools/call", params, &task)
		if id = task.ID; err == nil && id == "" {
			return false, fmt.Errorf("call of %s was answered with %q, not with a task", params["name"], task.ResultType)
		}
		if id == "" && stray(err) != "" {
			if task, lost := c.TryGet(ctx, stray(err)); lost == nil {
				id, err = task.ID, nil
			}
		}
		return id != "", err
	})
	return id, err
}

// stray is the task that may have been made by a call that was answered with an error.
func stray(err error) string {
	e, ok := errors.AsType[*rig.Error](err)
	if !ok {
		return ""
	}
	return e.TaskID()
}

// cancel ends a task, if it is still known.
func cancel(ctx context.Context, c *rig.Client, id string) error {
	var ack rig.Object
	if err := send(ctx, c, "tasks/cancel", rig.Object{"taskId": id}, &ack); err != nil && !rig.IsUnknown(err) {
		return err
	}
	return nil
}

// send sends a request that may be sent again.
func send(ctx context.Context, c *rig.Client, method string, params rig.Object, result any) error {
	return poll(ctx, func() (bool, error) { err := c.Do(ctx, method, params, result); return err == nil, err })
}

func said(ctx context.Context, c *rig.Client, id, words string) error {
	if words == "" {
		return nil
	}
	return poll(ctx, func() (bool, error) {
		task, err := c.TryGet(ctx, id)
		if err == nil && task.Terminal() {
			err = fmt.Errorf("want it to say %q, but %s", words, task)
		}
		return strings.Contains(task.StatusMessage, words), err
	})
}

// poll waits until ok, within the patience of a test. A store that is busy is asked again, as its error says.
func poll(ctx context.Context, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, rig.Patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ok()
		if rig.IsBusy(err) {
			done, err = false, nil
		}
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
