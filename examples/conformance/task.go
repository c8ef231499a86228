package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// none is the input of a tool without arguments.
type none struct{}

type greeting struct {
	Name string `json:"name,omitempty" jsonschema:"whom to greet"`
}

type computation struct {
	Seconds float64 `json:"seconds,omitempty" jsonschema:"how long to work"`
	Label   string  `json:"label,omitempty" jsonschema:"repeated in the result"`
}

type deletion struct {
	Filename string `json:"filename,omitempty" jsonschema:"what to delete"`
}

type confirmation struct {
	Confirm bool `json:"confirm" jsonschema:"whether to go on"`
}

type person struct {
	Name string `json:"name" jsonschema:"what you are called"`
}

// onlyTask is a tool that answers -32021 to a client without tasks.
var onlyTask = tasks.Policy{Task: tasks.Required, Refuse: true}

// whoAreYou is asked before there is a task, and read by the tool under the same key.
var whoAreYou = tasks.Question{Key: "user_name", Request: tasks.Form[person]("What is your name?")}

func addTaskTools(reg *tasks.Registry) {
	tasks.AddTool(reg, tasks.Tool{
		Name: "greet", Description: "Greet somebody; never a task",
		Policy: tasks.Policy{Task: tasks.Forbidden},
	}, greet)
	tasks.AddTool(reg, tasks.Tool{Name: "slow_compute", Description: "Work for some seconds, then answer"}, slowCompute)
	tasks.AddTool(reg, tasks.Tool{Name: "failing_job", Description: "Work for a moment, then report an error", Policy: onlyTask}, failingJob)
	tasks.AddTool(reg, tasks.Tool{Name: "protocol_error_job", Description: "Panic, so that the task fails"}, protocolErrorJob)
	tasks.AddTool(reg, tasks.Tool{Name: "confirm_delete", Description: "Delete nothing, after one question"}, confirmDelete)
	tasks.AddTool(reg, tasks.Tool{Name: "multi_input", Description: "Ask two questions at once"}, multiInput)

	withTask := onlyTask
	withTask.Before = []tasks.Question{whoAreYou}
	tasks.AddTool(reg, tasks.Tool{Name: "test_tool_with_task", Description: "Ask for a name, then greet it from a task", Policy: withTask}, greetAsked)
}

func greet(_ context.Context, _ *tasks.Attempt, in greeting) (*tasks.Result, error) {
	return tasks.Text("Hello, " + in.Name + "!"), nil
}

func slowCompute(ctx context.Context, a *tasks.Attempt, in computation) (*tasks.Result, error) {
	if err := a.Progress(ctx, 0, 1, "computing "+in.Label); err != nil {
		return nil, err
	}
	if err := pause(ctx, time.Duration(in.Seconds*float64(time.Second))); err != nil {
		return nil, err
	}
	return tasks.Text(fmt.Sprintf("computed %s in %g s", in.Label, in.Seconds)), nil
}

func failingJob(ctx context.Context, _ *tasks.Attempt, _ none) (*tasks.Result, error) {
	if err := pause(ctx, time.Second); err != nil {
		return nil, err
	}
	return nil, errors.New("the job failed, as it always does")
}

func protocolErrorJob(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
	panic("protocol_error_job panics on purpose")
}

func confirmDelete(ctx context.Context, a *tasks.Attempt, in deletion) (*tasks.Result, error) {
	reply, err := a.Ask(ctx, "confirm", tasks.Form[confirmation]("Delete "+in.Filename+"?"))
	if err != nil {
		return nil, err
	}
	var answer confirmation
	if err := reply.Decode(&answer); err != nil {
		return nil, err
	}
	if !answer.Confirm {
		return tasks.Text("kept " + in.Filename), nil
	}
	return tasks.Text("deleted " + in.Filename), nil
}

func multiInput(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	var first, second person
	g, asking := errgroup.WithContext(ctx)
	g.Go(func() error { return ask(asking, a, "first", tasks.Form[person]("Who is first?"), &first) })
	g.Go(func() error { return ask(asking, a, "second", tasks.Form[person]("Who is second?"), &second) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return tasks.Text(first.Name + " and " + second.Name), nil
}

func greetAsked(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	var who person
	if err := ask(ctx, a, whoAreYou.Key, whoAreYou.Request, &who); err != nil {
		return nil, err
	}
	return tasks.Text("Hello, " + who.Name + "!"), nil
}

// ask puts a form and reads what was filled in.
func ask(ctx context.Context, a *tasks.Attempt, key string, form tasks.InputRequest, into any) error {
	reply, err := a.Ask(ctx, key, form)
	if err != nil {
		return err
	}
	return reply.Decode(into)
}

// pause waits, or returns why the attempt should end.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
