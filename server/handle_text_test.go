package server_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// What a model is told costs its user money each time, so it has a budget: about four bytes are a token.
const (
	handleBudget = 1000 // bytes of a whole result without questions
	textBudget   = 450  // of its words
	toolsBudget  = 4700 // of the handle tools in tools/list
	promptBudget = 1800 // of their names, descriptions and input schemas, which is what most hosts show their model
	eitherBudget = 500  // of the output schema that a tool has with a handle
)

// states are tasks as a model may find them.
func states() []struct {
	name string
	task tasks.Task
} {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	like := func(change func(t *tasks.Task)) tasks.Task {
		t := tasks.Task{
			ID: "6ba7b814-9dad-41d1-80b4-00c04fd430c8-1", Tool: "crawl", Status: tasks.Working, Phase: tasks.Running,
			Created: at, Updated: at, Delivery: tasks.Delivery{Attempt: 1}, Attempts: 3, Retention: time.Hour,
		}
		change(&t)
		return t
	}
	asking := func(phase tasks.Phase, questions ...tasks.Question) tasks.Task {
		return like(func(t *tasks.Task) {
			t.Status, t.Phase, t.Message, t.Questions = tasks.InputRequired, phase, "waits for an answer", questions
		})
	}
	ended := func(status tasks.Status, change func(t *tasks.Task)) tasks.Task {
		return like(func(t *tasks.Task) { t.Status, t.Phase, t.Ended = status, tasks.Ended, at; change(t) })
	}
	name := tasks.Question{Key: "name", Request: tasks.FormSchema("Whose site is it?", map[string]any{
		"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}, "required": []string{"name"},
	})}
	login := tasks.Question{Key: "login", Request: tasks.Visit("Sign in to the site.", "https://example.com/login?task=1", "1")}
	summary := tasks.Question{Key: "summary", Request: tasks.Sample(&mcp.CreateMessageParams{
		SystemPrompt: "Be brief.", MaxTokens: 100,
		Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "Summarize: it rained."}}},
	})}
	return []struct {
		name string
		task tasks.Task
	}{
		{"queued", like(func(t *tasks.Task) { t.Phase, t.Message = tasks.Queued, "queued" })},
		{"running with progress", like(func(t *tasks.Task) {
			t.Progress = tasks.Progress{Done: 420, Total: 1000, Message: "crawling /docs"}
		})},
		{"running for long", like(func(t *tasks.Task) {
			t.Progress = tasks.Progress{Done: 420, Total: 1000, Message: "crawling /docs", ETA: 3 * time.Minute}
		})},
		{"asks for a form", asking(tasks.Running, name)},
		{"parked", asking(tasks.Parked, name)},
		{"asks for a visit", asking(tasks.Running, login)},
		{"asks for a message", asking(tasks.Running, summary)},
		{"asks for roots", asking(tasks.Running, tasks.Question{Key: "roots", Request: tasks.Roots()})},
		{"asks for several things", asking(tasks.Running, login, name, summary)},
		{"completed", ended(tasks.Completed, func(t *tasks.Task) {
			t.Clean, t.Result = true, raw(`{"content":[{"type":"text","text":"42 pages"}],"structuredContent":{"pages":42}}`)
		})},
		{"completed with an error", ended(tasks.Completed, func(t *tasks.Task) {
			t.Result = raw(`{"content":[{"type":"text","text":"no such site"}],"isError":true}`)
		})},
		{"failed", ended(tasks.Failed, func(t *tasks.Task) {
			t.Error = tasks.NewError(tasks.ReasonTimeout, "took longer than 1h0m0s")
		})},
		{"cancelled", ended(tasks.Cancelled, func(*tasks.Task) {})},
	}
}

// told is a result as a person reads it.
type told struct {
	Content []struct {
		Text string `json:"text"`
	} `json:"content"`
	IsError           bool            `json:"isError"`
	StructuredContent json.RawMessage `json:"structuredContent"`
}

func TestWhatAModelIsTold(t *testing.T) {
	t.Parallel()
	const golden = "testdata/handles.txt"
	var got strings.Builder
	for _, s := range states() {
		result := server.Handle(&s.task)
		var r told
		if err := json.Unmarshal(result, &r); err != nil || len(r.Content) != 1 {
			t.Fatalf("%s: %s, %v", s.name, result, err)
		}
		if words := len(r.Content[0].Text); len(s.task.Questions) == 0 && (words > textBudget || len(result) > handleBudget) {
			t.Errorf("%s: %d bytes, %d of them words", s.name, len(result), words)
		}
		var structured bytes.Buffer
		if err := json.Indent(&structured, r.StructuredContent, "", "  "); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "== %s (error: %t)\n%s\n--\n%s\n\n", s.name, r.IsError, r.Content[0].Text, structured.String())
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("run with -update if it is meant:\n%s", diff)
	}
}

func TestAQuestionOfAnySizeHasAShortText(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		if s.name != "asks for a form" {
			continue
		}
		s.task.Questions[0].Request = tasks.FormSchema("Big?", obj{"type": "object", "description": strings.Repeat("ü", 50_000)})
		var r told
		if err := json.Unmarshal(server.Handle(&s.task), &r); err != nil {
			t.Fatal(err)
		}
		if words := r.Content[0].Text; len(words) > 5000 || !strings.Contains(words, "task_answer") || len(r.StructuredContent) < 100_000 {
			t.Errorf("%d bytes of words, %d of structure", len(words), len(r.StructuredContent))
		}
	}
}

func TestWhatTheHandleToolsAddToAList(t *testing.T) {
	t.Parallel()
	f := start(t)
	size := func(d *draft) int {
		r := f.send(f.soon(), d)
		defer r.body.Close()
		b, err := io.ReadAll(r.lines)
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	without, with := size(modern("tools/list", nil)), size(modern("tools/list", nil, plainClient))
	var tools, prompt, either int
	m, _ := f.ask(modern("tools/list", nil, plainClient))
	for _, v := range m.Result["tools"].([]any) {
		tool := v.(obj)
		if tool["name"] == "short" { // the one tool that has an output schema
			either = len(mustJSON(tool["outputSchema"])) - len(`{"type":"object","required":["n"]}`)
		}
		if strings.HasPrefix(tool["name"].(string), "task_") {
			tools += len(mustJSON(tool)) + len(",")
			prompt += len(mustJSON(obj{"name": tool["name"], "description": tool["description"], "inputSchema": tool["inputSchema"]}))
		}
	}
	if got := with - without; got != tools+either {
		t.Errorf("the list is %d bytes longer, of which %d are the handle tools and %d schemas: the rest should be nothing", got, tools, either)
	}
	if tools > toolsBudget || prompt > promptBudget || either > eitherBudget {
		t.Errorf("%d bytes of tools, %d of them for the model, %d for each output schema", tools, prompt, either)
	}
	t.Logf("%d bytes of tools, %d of them for the model, %d for each output schema", tools, prompt, either)
}

func TestAModelsAnswersAreTakenAsItWritesThem(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		request tasks.InputRequest
		given   any
		want    string
	}{
		"a form's fields":         {form("?"), obj{"x": 1}, `{"action":"accept","content":{"x":1}}`},
		"a field called action":   {form("?"), obj{"action": "jump"}, `{"action":"accept","content":{"action":"jump"}}`},
		"an answer of a protocol": {form("?"), obj{"action": "accept", "content": obj{"x": 1}}, `{"action":"accept","content":{"x":1}}`},
		"no":                      {form("?"), obj{"action": "decline"}, `{"action":"decline"}`},
		"a visit":                 {tasks.Visit("?", "https://example.com", "1"), obj{"action": "accept"}, `{"action":"accept"}`},
		"a message":               {tasks.Sample(&mcp.CreateMessageParams{}), "rain", `{"role":"assistant","content":{"type":"text","text":"rain"},"model":"unknown"}`},
		"roots":                   {tasks.Roots(), obj{"roots": []obj{{"uri": "file:///a"}}}, `{"roots":[{"uri":"file:///a"}]}`},
		"a form as text":          {form("?"), "x", ""},
		"a form of one field":     {tasks.FormSchema("?", obj{"type": "object", "properties": obj{"name": obj{"type": "string"}}}), "Ada", `{"action":"accept","content":{"name":"Ada"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			id := f.task()
			attempt := f.claim()
			ask := func() string {
				a, err := f.store.Question(f.ctx, attempt.Lease, tasks.Question{Key: "q", Request: c.request}, true)
				attempt.check(err)
				return string(a.Answer)
			}
			ask()
			m := f.manage("task_answer", obj{"taskId": id, "answers": obj{"q": c.given}})
			if got := ask(); got != c.want || (m.Result["isError"] == true) != (c.want == "") {
				t.Errorf("the tool got %s, the model %+v", got, m.Result)
			}
			if said := text(m.Result); c.want == "" && (!strings.Contains(said, "task_answer") || strings.Contains(said, "inputResponses")) {
				t.Errorf("the model is told %q", said)
			}
		})
	}
}
