package server_test

import (
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A pool of go-redis whose server is dead tries to reach it once a second, and sees only then that it was closed.
func TestMain(m *testing.M) {
	redistest.Main(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const patience = 20 * time.Second

// eventually polls until ok, within the test's patience.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}

var catalogue = []tasks.Tool{
	{Name: "crawl", Description: "Crawl a site", InputSchema: raw(`{"type":"object","properties":{"url":{"type":"string"}},"required":["url"]}`)},
	{Name: "any", Description: "Takes anything", InputSchema: raw(`{"type":"object"}`)},
	{Name: "quick", Description: "Answers inline", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Inline: patience}},
	{Name: "held", Description: "Never a task", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Forbidden, Orphan: 20 * time.Millisecond}},
	{Name: "detached", Description: "Runs on", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Detach: true, Orphan: time.Millisecond}},
	{Name: "twin", Description: "Shared", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Dedupe: tasks.ByArguments, Orphan: 300 * time.Millisecond}},
	{Name: "short", Description: "Is handed out soon", InputSchema: raw(`{"type":"object"}`), OutputSchema: raw(`{"type":"object","required":["n"]}`), Policy: tasks.Policy{Hold: 20 * time.Millisecond}},
	{Name: "patient", Description: "Is held for long", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Hold: time.Hour}},
	{Name: "background", Description: "Is handed out at once", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Required}},
	{Name: "required", Description: "Only a task", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Task: tasks.Required, Refuse: true}},
	{Name: "regional", Description: "Has headers", InputSchema: raw(`{"type":"object","properties":{
		"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}`)},
	{Name: "asks", Description: "Asks first", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Before: []tasks.Question{
		{Key: "name", Request: form("Your name?")}, {Key: "city", Request: form("Your city?")},
	}}},
}

func form(message string) tasks.InputRequest {
	return tasks.FormSchema(message, map[string]any{"type": "object", "properties": map[string]any{}})
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

type obj = map[string]any
