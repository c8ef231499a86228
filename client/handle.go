package client

import (
	"context"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// The handle tools: with these a Longhaul server lets clients without tasks manage theirs.
const (
	waitTool   = "task_wait"
	getTool    = "task_get"
	listTool   = "task_list"
	cancelTool = "task_cancel"
	answerTool = "task_answer"
)

// face is how a server lets us see tasks.
type face int

const (
	faceTasks   face = iota // the extension of 2026-07-28
	faceLegacy              // the tasks of 2025-11-25
	faceHandles             // a Longhaul server's tools, where the revision has nothing
	faceNone
)

func (c *Client) face(ctx context.Context) face {
	switch {
	case c.modern():
		return faceTasks
	case c.server.Load().legacyTasks:
		return faceLegacy
	case c.handles(ctx):
		return faceHandles
	}
	return faceNone
}

func (c *Client) errNoTasks() error {
	about := c.Server()
	return fmt.Errorf("%w (%s, revision %s): its calls last no longer than the wait for them", ErrNoTasks, about.Name, about.Revision)
}

// lacksTasks explains the error of a tasks method that the server does not know.
func (c *Client) lacksTasks(err error) error {
	if hasCode(err, wire.CodeMethodNotFound) {
		return fmt.Errorf("%w: %w", c.errNoTasks(), err)
	}
	return err
}

// handles reports whether the server has the handle tools. Their names alone prove nothing, but the schema of their answers does.
func (c *Client) handles(ctx context.Context) bool {
	t, err := c.tool(ctx, waitTool)
	return err == nil && wire.HasHandles(t.OutputSchema)
}

// lists reports whether the server has the handle tool that lists tasks.
func (c *Client) lists(ctx context.Context) bool {
	t, err := c.tool(ctx, listTool)
	return err == nil && t.Raw != nil && c.handles(ctx)
}

// handed returns the task whose handle a call was answered with instead of its result, or nil. The answer has to be a handle of an open task of
// this very tool, and the server has to have the tool with which it says to go on.
func (k *call) handed(ctx context.Context, r *Result) *Task {
	if r.IsError || r.Structured == nil {
		return nil
	}
	v, ok := wire.ReadHandle(r.Structured)
	if !ok || v.Status.Terminal() || v.Tool != k.tool.Name || v.Next.Tool != waitTool && v.Next.Tool != answerTool || !k.handles(ctx) {
		return nil
	}
	t := taskOf(v.TaskView)
	t.Tool, t.Raw = v.Tool, r.Raw
	return t
}

// manage calls a handle tool. It may be sent several times, since doing any of them twice is the same as once.
func (c *Client) manage(ctx context.Context, r *request) (*Task, error) {
	if _, err := tasks.ParseID(fmt.Sprint(r.params["taskId"])); err != nil {
		return nil, ErrNotFound
	}
	r.method, r.params = wire.MethodToolsCall, object{"name": r.name, "arguments": r.params}
	raw, err := c.persist(ctx, r)
	if err != nil {
		return nil, err
	}
	answer, err := readResult(raw, "")
	if err != nil {
		return nil, err
	}
	if v, ok := wire.ReadHandle(answer.Structured); ok {
		return ofHandle(v, answer)
	}
	complaint := &Error{Code: wire.CodeInvalidParams, Message: answer.Text()}
	if r.name != answerTool { // there it may be the answers that are wrong
		return nil, fmt.Errorf("%w: %w", ErrNotFound, complaint)
	}
	return nil, complaint
}

// ofHandle returns the task of a handle, with the tool's answer if it has completed.
func ofHandle(v wire.HandleView, answer *Result) (t *Task, err error) {
	t = taskOf(v.TaskView)
	t.Tool, t.Raw = v.Tool, answer.Raw
	if t.Status == tasks.Completed {
		t.Result, err = readResult(wire.Unwrapped(answer.Content, v.Result, answer.IsError), t.ID)
	}
	return t, err
}

func (c *Client) getByTool(ctx context.Context, id string) (*Task, error) {
	return c.manage(ctx, &request{name: getTool, params: object{"taskId": id}, limit: quick})
}

// endHandle is end for servers whose tasks are seen by the handle tools alone. task_wait returns now and then without an end.
func (w *watch) endHandle(ctx context.Context) (*Task, error) {
	for {
		next := time.Now().Add(w.interval())
		t, err := w.waitByTool(ctx)
		if err != nil {
			return nil, err
		}
		if t = w.see(t); t.Ended() {
			return t, nil
		}
		if err := sleep(ctx, jittered(max(minPoll, time.Until(next)))); err != nil {
			return nil, err
		}
	}
}

// longest is more than task_wait may take.
const longest = 2 * time.Minute

func (w *watch) waitByTool(ctx context.Context) (*Task, error) {
	w.token = newToken()
	return w.manage(ctx, &request{
		name: waitTool, params: object{"taskId": w.last.ID}, meta: object{"progressToken": w.token}, notice: w.progressed, limit: longest,
	})
}

// progressed handles progress that comes while task_wait is open.
func (w *watch) progressed(m message) {
	n, ok := readProgress(m)
	if !ok || n.Token != w.token {
		return
	}
	t := w.last
	w.streamed = n.progress()
	t.Progress, t.Status = w.streamed, tasks.Working
	w.see(&t)
}
