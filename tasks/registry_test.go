package tasks_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

type in struct {
	URL   string `json:"url" jsonschema:"where to start"`
	Depth int    `json:"depth,omitempty"`
}

type out struct {
	Pages int `json:"pages"`
}

func crawl(context.Context, *tasks.Attempt, in) (out, error) { return out{7}, nil }

func TestSchemasComeFromTheFunction(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "crawl"}, crawl)
	if err := reg.Err(); err != nil {
		t.Fatal(err)
	}
	tool, ok := reg.Lookup("crawl")
	if !ok || !strings.Contains(string(tool.InputSchema), "where to start") || tool.Output == nil {
		t.Fatalf("%+v", tool)
	}
	for args, want := range map[string]bool{`{"url":"/"}`: true, `{}`: false, `{"url":1}`: false, `{"url":"/","other":1}`: false, `[]`: false, `{`: false} {
		if err := tool.Input.Validate(json.RawMessage(args)); (err == nil) != want {
			t.Errorf("%s: %v, want valid %t", args, err, want)
		}
	}
	res, err := tool.Handle(t.Context(), nil, json.RawMessage(`{"url":"/"}`))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Encode(tool.Output)
	if want := `{"content":[{"type":"text","text":"{\"pages\":7}"}],"structuredContent":{"pages":7}}`; err != nil || string(doc) != want {
		t.Errorf("%s %v, want %s", doc, err, want)
	}
}

type lists struct {
	Sites  []string              `json:"sites"`
	Nested []struct{ IDs []int } `json:"nested"`
}

// Hosts refuse lists of types, and nobody sends null for a list; but a nil slice is written as null.
func TestListsAreListsInWhatToolsTake(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "lists"}, func(context.Context, *tasks.Attempt, lists) (lists, error) { return lists{}, nil })
	tool, ok := reg.Lookup("lists")
	if !ok || strings.Contains(string(tool.InputSchema), "null") {
		t.Fatalf("%+v", tool)
	}
	res, err := tool.Handle(t.Context(), nil, json.RawMessage(`{"sites":["a"],"nested":[{"IDs":[1]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := res.Encode(tool.Output); err != nil {
		t.Errorf("nil slices: %v", err)
	}
}

type shown struct{ out }

func (shown) Content() []mcp.Content { return []mcp.Content{&mcp.TextContent{Text: "seven pages"}} }

func TestAnOutputMayShowItself(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "crawl"}, func(context.Context, *tasks.Attempt, in) (shown, error) { return shown{out{7}}, nil })
	tool, _ := reg.Lookup("crawl")
	res, err := tool.Handle(t.Context(), nil, json.RawMessage(`{"url":"/"}`))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := res.Encode(tool.Output)
	if want := `{"content":[{"type":"text","text":"seven pages"}],"structuredContent":{"pages":7}}`; err != nil || string(doc) != want {
		t.Errorf("%s %v, want %s", doc, err, want)
	}
}

func TestWhatIsWrongWithToolsIsSaid(t *testing.T) {
	t.Parallel()
	for want, tool := range map[string]tasks.Tool{
		"name: use 1 to 64 letters":     {Name: "no spaces"},
		`queue "a.b"`:                   {Name: "t", Policy: tasks.Policy{Queue: "a.b"}},
		"timeout is -1s":                {Name: "t", Policy: tasks.Policy{Timeout: -time.Second}},
		"delay is -1s":                  {Name: "t", Policy: tasks.Policy{Delay: -time.Second}},
		"delay is 1h0m0s: a task may":   {Name: "t", Policy: tasks.Policy{Delay: time.Hour, MaxLifetime: time.Minute}},
		`priority "urgent"`:             {Name: "t", Policy: tasks.Policy{Priority: "urgent"}},
		"refuse needs task: required":   {Name: "t", Policy: tasks.Policy{Refuse: true}},
		`its "type" must be "object"`:   {Name: "t", InputSchema: []byte(`{"type":"string"}`)},
		"output schema: not a JSON":     {Name: "t", OutputSchema: []byte(`[]`)},
		"is none that a client answers": {Name: "t", Policy: tasks.Policy{Before: []tasks.Question{{Key: "k", Request: tasks.InputRequest{Method: "x"}}}}},
	} {
		var reg tasks.Registry
		reg.Add(tool, nil)
		if err := reg.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "t"}, crawl)
	tasks.AddTool(&reg, tasks.Tool{Name: "t"}, crawl)
	if err := reg.Err(); err == nil || !strings.Contains(err.Error(), "registered twice") {
		t.Error(err)
	}
}

func TestRetryAdvice(t *testing.T) {
	t.Parallel()
	plain := errors.New("x")
	for _, c := range []struct {
		err   error
		never bool
		after time.Duration
	}{{plain, false, 0}, {tasks.Permanent(plain), true, 0}, {tasks.RetryAfter(time.Minute, plain), false, time.Minute}} {
		if never, after := tasks.RetryAdvice(c.err); never != c.never || after != c.after || !errors.Is(c.err, plain) {
			t.Errorf("%v: %t %s", c.err, never, after)
		}
	}
}

func TestThePauseDoublesUpToTenMinutes(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 20: 10 * time.Minute, 1000: 10 * time.Minute} {
		if got := (tasks.Policy{}).Pause(failures); got < want*8/10 || got > want*12/10 {
			t.Errorf("after %d failures %s, want %s ± 20 %%", failures, got, want)
		}
	}
}

func TestAQueueIsExpectedOnceHoweverOftenItIsSaid(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	for range 100 { // reloads of a configuration
		reg.Expect(tasks.Policy{})
		reg.Expect(tasks.Policy{Queue: "heavy"})
	}
	if n := reg.Expected(); n != 2 {
		t.Errorf("%d queues are remembered, want 2", n)
	}
}

func TestARegistryChangesWhileItIsUsed(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "crawl", Policy: tasks.Policy{Queue: "web"}}, crawl)
	reg.Expect(tasks.Policy{Queue: "later"})
	if got := strings.Join(reg.Queues(), " "); got != "later web" {
		t.Errorf("queues %q", got)
	}
	changed := reg.Changed()
	for _, description := range []string{"one", "two"} {
		if err := reg.Put(tasks.Tool{Name: "crawl", Description: description}, func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
			return tasks.Text("put"), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
	if tool, ok := reg.Lookup("crawl"); !ok || tool.Description != "two" || len(reg.Tools()) != 1 {
		t.Errorf("%+v", tool)
	}
	if err := reg.Put(tasks.Tool{Name: "not a name"}, nil); err == nil || reg.Err() != nil {
		t.Error("what cannot be put is the caller's error, not the registry's:", err, reg.Err())
	}
}
