package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/tasks"
)

type toolsCmd struct {
	Name string `arg:"" optional:"" help:"Show this one."`
}

// Run lists the tools.
func (cmd *toolsCmd) Run(a *app) error {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.Tools(a.ctx)
	if err != nil {
		return err
	}
	if cmd.Name != "" {
		t, err := find(list, cmd.Name)
		if err != nil {
			return err
		}
		return a.showTool(t)
	}
	if a.JSON {
		raws := make([]json.RawMessage, len(list))
		for i, t := range list {
			raws[i] = t.Raw
		}
		return a.printJSON(raws)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, t := range list {
		fmt.Fprintf(w, "%s\t%s\n", t.Name, firstLine(t.Description))
	}
	return w.Flush()
}

func find(list []client.Tool, name string) (*client.Tool, error) {
	names := make([]string, len(list))
	for i, t := range list {
		if names[i] = t.Name; t.Name == name {
			return &t, nil
		}
	}
	return nil, usage("no tool %s%s", name, spelling.Suggestion(name, names))
}

func (a *app) showTool(t *client.Tool) error {
	if a.JSON {
		return a.printJSON(t.Raw)
	}
	fmt.Fprintf(a.out, "%s\n\n%s\n", t.Name, t.Description)
	s, err := readSchema(t.InputSchema)
	if err != nil {
		return err
	}
	if len(s.Properties) > 0 {
		fmt.Fprint(a.out, "\nArguments:\n")
	}
	for _, p := range s.Properties {
		mark := ""
		if s.required(p.Name) {
			mark = " (required)"
		}
		fmt.Fprintf(a.out, "  %s%s\n", p, mark)
	}
	return nil
}

type callCmd struct {
	Tool      string        `arg:"" help:"Tool to call."`
	Arguments []string      `arg:"" optional:"" name:"name=value" help:"Arguments: name=value, name=@file, name:=JSON; a list by commas or by repeating its name."`
	Detach    bool          `help:"Print the task's id and do not wait."`
	Key       string        `help:"Idempotency key: repeats of the call with the same key lead to one task (Longhaul servers)." placeholder:"KEY"`
	Delay     time.Duration `help:"Start the task after this time, such as 1h (Longhaul servers)." placeholder:"TIME"`
	Log       logLevel      `help:"Show what the tool logs, from this level on: debug, info, notice, warning or error." placeholder:"LEVEL"`
}

// Run calls a tool.
func (cmd *callCmd) Run(a *app) error {
	s, err := a.open(cmd.Tool, cmd.Log)
	if err != nil {
		return err
	}
	defer s.client.Close()
	args, err := cmd.arguments(s)
	if err != nil {
		return err
	}
	opts := client.CallOptions{Key: cmd.Key}
	if cmd.Delay > 0 {
		opts.StartAt = time.Now().Add(cmd.Delay)
	}
	o := s.await("", func(ctx context.Context) outcome {
		t, err := s.client.Start(ctx, cmd.Tool, args, opts)
		return outcome{task: t, err: err}
	})
	switch {
	case o.err != nil:
		return o.err
	case o.task.ID == "":
		if cmd.Detach {
			fmt.Fprintln(s.errs, "longhaul: nothing to detach from: the server answered without a task")
		}
		return s.printResult(o.task.Result)
	case cmd.Detach:
		return s.printStarted(o.task)
	}
	s.tellStarted(o.task.ID)
	s.screen.give()
	return s.wait(o.task.ID)
}

func (cmd *callCmd) arguments(s *session) (map[string]any, error) {
	list, err := s.client.Tools(s.ctx)
	if err != nil {
		return nil, err
	}
	t, err := find(list, cmd.Tool)
	if err != nil {
		return nil, err
	}
	return readArguments(t.InputSchema, cmd.Arguments)
}

func (s *session) printStarted(t *client.Task) error {
	if s.JSON {
		return s.printJSON(taskDocument(*t))
	}
	_, err := fmt.Fprintln(s.out, t.ID)
	return err
}

type waitCmd struct {
	ID  string   `arg:"" help:"Task."`
	Log logLevel `help:"Show what the tool logs, from this level on: debug, info, notice, warning or error." placeholder:"LEVEL"`
}

// Run waits for a task.
func (cmd *waitCmd) Run(a *app) error {
	s, err := a.open("task", cmd.Log)
	if err != nil {
		return err
	}
	defer s.client.Close()
	return s.wait(cmd.ID)
}

type lsCmd struct{}

// Run lists tasks.
func (cmd *lsCmd) Run(a *app) error {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := allTasks(a.ctx, c)
	if err != nil {
		return err
	}
	if a.JSON {
		docs := make([]document, len(list))
		for i, t := range list {
			docs[i] = taskDocument(t)
		}
		return a.printJSON(docs)
	}
	return a.printTable(list)
}

// most is how many tasks are listed.
const most = 1000

func allTasks(ctx context.Context, c *client.Client) (list []client.Task, err error) {
	cursor := ""
	for len(list) < most {
		page, next, err := c.List(ctx, cursor)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if cursor = next; cursor == "" || len(page) == 0 {
			break
		}
	}
	return list, nil
}

type getCmd struct {
	ID string `arg:"" help:"Task."`
}

// Run shows a task.
func (cmd *getCmd) Run(a *app) error {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	t, err := c.Get(a.ctx, cmd.ID)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(taskDocument(*t))
	}
	a.showTask(t)
	return nil
}

func (a *app) showTask(t *client.Task) {
	fmt.Fprintf(a.out, "%s  %s\ncreated %s, changed %s\n", t.ID, standing(*t, gap), t.Created.Local().Format(time.DateTime), t.Updated.Local().Format(time.DateTime))
	if n := t.Attempts; n.Failures > 0 {
		fmt.Fprintf(a.out, "attempt %d, %d of %d failures: %s\n", n.Attempt, n.Failures, n.Limit, n.LastError)
	}
	for _, key := range slices.Sorted(maps.Keys(t.Questions)) {
		q := client.Question{TaskID: t.ID, Key: key, InputRequest: t.Questions[key]}
		fmt.Fprintf(a.out, "%s Answer: %s\n", asks(q), a.answering(q, len(t.Questions) > 1))
	}
	if t.Status == tasks.InputRequired && len(t.Questions) == 0 {
		fmt.Fprintf(a.out, "asks something, and says what only to who waits: %s\n", a.resumption(t.ID))
	}
	if t.Err != nil {
		fmt.Fprintf(a.out, "error: %s\n", t.Err)
	}
	if t.Result != nil {
		a.printText(t.Result)
	}
}

type cancelCmd struct {
	ID string `arg:"" help:"Task."`
}

// Run cancels a task.
func (cmd *cancelCmd) Run(a *app) error {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Cancel(a.ctx, cmd.ID); err != nil {
		return err
	}
	t, err := c.Get(a.ctx, cmd.ID)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(taskDocument(*t))
	}
	fmt.Fprintln(a.errs, t.Status)
	return nil
}
