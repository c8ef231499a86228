package command_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// partVar has the test binary play a program, or a worker.
const partVar = "COMMAND_TEST_PART"

func TestMain(m *testing.M) {
	command.Supervise()
	if part := os.Getenv(partVar); part != "" {
		os.Exit(play(part))
	}
	goleak.VerifyTestMain(m)
}

// client is the runtime of a task's attempts: it keeps what they report and remember, and answers what it has answers to.
type client struct {
	mu       sync.Mutex
	reports  []tasks.Progress
	logs     []string
	kept     json.RawMessage
	answers  map[string]string // by key
	asked    []tasks.Question
	reported chan struct{} // gets a token when there is more
	ask      func(ctx context.Context, q tasks.Question) (json.RawMessage, error)
	remember func(ctx context.Context) error
}

func newClient() *client { return &client{reported: make(chan struct{}, 1)} }

func (c *client) poke() {
	select {
	case c.reported <- struct{}{}:
	default:
	}
}

func (c *client) Report(p tasks.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports = append(c.reports, p)
	c.poke()
}

func (c *client) Log(level slog.Level, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logs = append(c.logs, level.String()+" "+message)
	c.poke()
}

func (c *client) Ask(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
	c.mu.Lock()
	c.asked = append(c.asked, q)
	answer, ok := c.answers[q.Key]
	c.poke()
	c.mu.Unlock()
	switch {
	case ok:
		return json.RawMessage(answer), nil
	case c.ask != nil:
		return c.ask(ctx, q)
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func (c *client) Recall(context.Context, string) (json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept, nil
}

func (c *client) Remember(ctx context.Context, _ string, value json.RawMessage) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.remember != nil {
		if err := c.remember(ctx); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = value
	c.poke()
	return nil
}

// said is the log so far.
func (c *client) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.logs, "\n")
}

// until waits for something that the attempt has the client know.
func (c *client) until(t testing.TB, what string, ok func(c *client) bool) {
	t.Helper()
	end := time.NewTimer(rig.Patience)
	defer end.Stop()
	for {
		c.mu.Lock()
		done := ok(c)
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-c.reported:
		case <-end.C:
			t.Fatalf("waited in vain for: %s; the log says:\n%s", what, c.said())
		}
	}
}

// named is a command with a name.
func named(c command.Command) command.Command {
	c.Tool.Name = cmp.Or(c.Tool.Name, "tool")
	return c
}

// rigged is a command whose directories are the test's own.
func rigged(t testing.TB, c command.Command) command.Command {
	c = named(c)
	if c.Root == "" {
		c.Root = t.TempDir()
	}
	return c
}

func shell(script string) command.Command { return command.Command{Args: []string{"sh", "-c", script}} }

// part is a command that is this test binary.
func part(name string, args ...string) command.Command {
	return command.Command{Args: append([]string{os.Args[0]}, args...), Env: map[string]string{partVar: name}}
}

// registered is the tool that a command becomes.
func registered(t testing.TB, c command.Command) *tasks.Registered {
	t.Helper()
	var reg tasks.Registry
	if err := errors.Join(command.Add(&reg, c), reg.Err()); err != nil {
		t.Fatal(err)
	}
	tool, _ := reg.Lookup(c.Tool.Name)
	return tool
}

// call runs one attempt.
func call(t testing.TB, ctx context.Context, c command.Command, rt *client, args string) (*tasks.Result, error) {
	t.Helper()
	return attempt(ctx, registered(t, rigged(t, c)), rt, tasks.NewID(0), args)
}

func attempt(ctx context.Context, tool *tasks.Registered, rt tasks.Runtime, id tasks.ID, args string) (*tasks.Result, error) {
	return tool.Handle(ctx, tasks.NewAttempt(id, 1, rt, nil), json.RawMessage(args))
}

// done is the result of an attempt that ends well.
func done(t testing.TB, c command.Command, rt *client, args string) *tasks.Result {
	t.Helper()
	res, err := call(t, t.Context(), c, rt, args)
	if err != nil {
		t.Fatalf("attempt: %v\nthe log:\n%s", err, rt.said())
	}
	return res
}

// failing is the error of an attempt that ends badly.
func failing(t testing.TB, c command.Command, args string) error {
	t.Helper()
	res, err := call(t, t.Context(), c, newClient(), args)
	if err == nil {
		t.Fatalf("the attempt ended well: %s", texts(res))
	}
	return err
}

// texts is all the text of a result.
func texts(res *tasks.Result) string {
	var list []string
	for _, c := range res.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			list = append(list, text.Text)
		}
	}
	return strings.Join(list, "\n")
}

func contains(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in:\n%.2000s", w, text)
		}
	}
}

// shelf is a runtime with a blob store.
type shelf struct {
	*client
	held map[string]string
}

func (s shelf) Keeps() bool { return true }

func (s shelf) Keep(_ context.Context, name, _ string, content io.Reader) (int64, error) {
	b, err := io.ReadAll(content)
	s.held[name] = string(b)
	return int64(len(b)), err
}
