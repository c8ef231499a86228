package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// step is longer than the pause in which a worker merges progress, so that each step is seen.
const step = 300 * time.Millisecond

func addStreamTools(reg *tasks.Registry) {
	tasks.AddTool(reg, tasks.Tool{Name: "test_tool_with_progress", Description: "Report progress three times"}, withProgress)
	tasks.AddTool(reg, tasks.Tool{Name: "test_tool_with_logging", Description: "Log three messages while working"}, withLogging)
	tasks.AddTool(reg, tasks.Tool{Name: "test_logging_tool", Description: "Log a message that only those who asked for may see"}, logOnce)
	tasks.AddTool(reg, tasks.Tool{Name: "test_streaming_elicitation", Description: "Report progress, then ask, all on the stream of the call"}, streamingElicitation)
}

func withProgress(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	for _, done := range []int{0, 50, 100} {
		if err := a.Progress(ctx, done, 100, fmt.Sprintf("step %d of 100", done)); err != nil {
			return nil, err
		}
		if err := pause(ctx, step); err != nil {
			return nil, err
		}
	}
	return tasks.Text("Tool with progress executed successfully"), nil
}

func withLogging(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	for _, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		a.Log(slog.LevelInfo, "%s", message)
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return tasks.Text("Tool with logging executed successfully"), nil
}

func logOnce(_ context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	a.Log(slog.LevelInfo, "test_logging_tool was called")
	return tasks.Text("a message was logged"), nil
}

func streamingElicitation(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	if err := a.Progress(ctx, 1, 2, "about to ask"); err != nil {
		return nil, err
	}
	var who person
	if err := ask(ctx, a, "user_name", tasks.Form[person]("What is your name?"), &who); err != nil {
		return nil, err
	}
	return tasks.Text("Hello, " + who.Name + "!"), nil
}
