package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// visitorEnv makes this program a second worker that has one tool of its own and nothing else.
const visitorEnv = "CONFORMANCE_VISITOR"

// addVisitor reports whether this process is the visitor that addChangeTool starts.
func addVisitor(reg *tasks.Registry) bool {
	if os.Getenv(visitorEnv) == "" {
		return false
	}
	tasks.AddTool(reg, tasks.Tool{
		Name:        "transient_tool",
		Description: "Came with worker " + strconv.Itoa(os.Getpid()), // differs each time, so that the list really changes
		Policy:      tasks.Policy{Queue: "visitors"},                 // it must not take the fixtures' tasks
	}, func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) { return tasks.Text("hello"), nil })
	return true
}

func addChangeTool(reg *tasks.Registry) {
	tasks.AddTool(reg, tasks.Tool{
		Name: "test_trigger_tool_change", Description: "Change the list of tools, as any new worker does: start one",
	}, func(ctx context.Context, _ *tasks.Attempt, _ none) (*tasks.Result, error) {
		if err := visit(ctx); err != nil {
			return nil, err
		}
		return tasks.Text("the list of tools has changed"), nil
	})
}

// visit starts a second worker beside this one and ends it as soon as it has announced its tool.
func visit(ctx context.Context) error {
	ops, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	worker := exec.CommandContext(ctx, self, append(os.Args[1:], "-ops-addr", ops)...)
	worker.Env = append(os.Environ(), visitorEnv+"=1")
	worker.Stderr = os.Stderr
	worker.Cancel = func() error { return worker.Process.Signal(syscall.SIGTERM) }
	worker.WaitDelay = 5 * time.Second
	if err := worker.Start(); err != nil {
		return fmt.Errorf("start a second worker: %w", err)
	}
	err = ready(ctx, "http://"+ops+"/ready")
	cancel()
	if exit := worker.Wait(); exit != nil && !errors.Is(exit, context.Canceled) {
		err = errors.Join(err, fmt.Errorf("second worker: %w", exit))
	}
	return err
}

// ready polls a worker until it serves.
func ready(ctx context.Context, url string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("second worker did not get ready: %w", err)
		}
	}
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
