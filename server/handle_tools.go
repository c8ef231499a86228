package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// The handle tools: with these the model of a client without tasks manages its tasks.
const (
	waitTool   = "task_wait"
	getTool    = "task_get"
	listTool   = "task_list"
	cancelTool = "task_cancel"
	answerTool = "task_answer"
)

// handleTool is one of them. It is served here, not by a worker.
type handleTool struct {
	name, title, about string
	input, output      string // schemas
	reads              bool   // it changes nothing
	ofTask             bool   // it has an argument taskId
	serve              func(s *Server, ctx context.Context, q *managed) (json.RawMessage, error)

	schema *tasks.Schema
	listed json.RawMessage
}

const (
	idMember    = `"taskId":{"type":"string","description":"The id of the task"}`
	idInput     = `{"type":"object","properties":{` + idMember + `},"required":["taskId"]}`
	listInput   = `{"type":"object","properties":{"cursor":{"type":"string","description":"nextCursor of the page before"}}}`
	answerInput = `{"type":"object","properties":{` + idMember + `,"answers":{"type":"object","description":"One member for each question, under its key"}},"required":["taskId","answers"]}`
)

var waitInput = fmt.Sprintf(`{"type":"object","properties":{`+idMember+`,"seconds":{"type":"integer","minimum":1,"maximum":%[1]d,"description":"Wait at most so long; %[1]d if left out"}},"required":["taskId"]}`, longestSeconds)

// catalogueOfHandles is in the order in which tools/list shows them.
var catalogueOfHandles = []handleTool{
	{name: answerTool, ofTask: true, title: "Answer a task", about: "Answers what a task asked; what it asked says how. Ask the user where it is for the user to say.", input: answerInput, output: wire.HandleSchema, serve: (*Server).taskAnswer},
	{name: cancelTool, ofTask: true, title: "Cancel a task", about: "Stops a task for good. Its work is lost: only if its result is not wanted any more.", input: idInput, output: wire.HandleSchema, serve: (*Server).taskCancel},
	{name: getTool, ofTask: true, title: "Look at a task", about: "Says at once how a task stands, and gives the result of one that is done. To wait for a result use task_wait instead.", input: idInput, output: wire.HandleSchema, reads: true, serve: (*Server).taskGet},
	{name: listTool, title: "List tasks", about: "Lists your tasks, the latest first, to find one whose id you no longer have.", input: listInput, output: wire.ListSchema, reads: true, serve: (*Server).taskList},
	{name: waitTool, ofTask: true, title: "Wait for a task", about: fmt.Sprintf("Waits for a task that was started by another tool, and gives its result. It returns early when the task is done or asks something, otherwise after %d seconds, and says what to do next.", longestSeconds), input: waitInput, output: wire.HandleSchema, reads: true, serve: (*Server).taskWait},
}

// IsHandle reports whether a name is that of a handle tool, which no worker's tool can have.
func IsHandle(name string) bool {
	return slices.ContainsFunc(catalogueOfHandles, func(t handleTool) bool { return t.name == name })
}

// handleTools are the handle tools that a front end serves, by name: nil if none.
type handleTools map[string]*handleTool

func newHandleTools(o Options) handleTools {
	if o.NoHandles {
		return nil
	}
	h := make(handleTools, len(catalogueOfHandles))
	for _, t := range catalogueOfHandles {
		if t.name == listTool && o.Anonymous == Nobody { // a stranger has no list
			continue
		}
		h[t.name] = t.compiled()
	}
	return h
}

func (t handleTool) compiled() *handleTool {
	var err error
	if t.schema, err = tasks.CompileSchema(json.RawMessage(t.input)); err != nil {
		panic(err) // constant texts
	}
	closed := false
	t.listed, err = wire.Tool(&tasks.Tool{
		Name: t.name, Title: t.title, Description: t.about, InputSchema: json.RawMessage(t.input), OutputSchema: json.RawMessage(t.output),
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: t.reads, OpenWorldHint: &closed},
	})
	if err != nil {
		panic(err)
	}
	return &t
}

// named returns the handle tool that a call names, or nil.
func (h handleTools) named(q *request) *handleTool {
	name, _ := q.Params.Text("name")
	return h[name]
}

// names returns the handle tools that tools/list shows to this client: one that has tasks needs none.
func (h handleTools) names(q *request) []string {
	if q.extended() {
		return nil
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// managed is a call of a handle tool.
type managed struct {
	*request
	task *tasks.Task // the one that the arguments name; nil: the tool has no argument taskId
	args struct {
		TaskID  string
		Seconds int
		Cursor  string
		Answers map[string]json.RawMessage
	}
}

// manage serves a handle tool. A mistake in the arguments is told to the model, which can correct it.
func (s *Server) manage(ctx context.Context, q *request, t *handleTool) (json.RawMessage, error) {
	args, err := arguments(q.Params)
	if err != nil {
		return nil, err
	}
	m := &managed{request: q}
	if err := t.schema.Validate(args); err != nil {
		return q.plain(s, wire.Complaint(plainly(err))), nil
	}
	if err := tasks.Unmarshal(args, &m.args); err != nil {
		return q.plain(s, wire.Complaint(err.Error())), nil
	}
	result, err := s.serveManaged(ctx, m, t)
	if errors.Is(err, tasks.ErrNotFound) {
		return q.plain(s, wire.Complaint(fmt.Sprintf("There is no task %.64q. Its id may be wrong, or it has been forgotten since it ended.", m.args.TaskID))), nil
	}
	if e, ok := errors.AsType[*wire.Error](err); ok && e.Code == wire.CodeInvalidParams {
		return q.plain(s, wire.Complaint(e.Message)), nil
	}
	if err != nil {
		return nil, err
	}
	return q.plain(s, result), nil
}

// serveManaged serves a handle tool whose arguments fit its schema.
func (s *Server) serveManaged(ctx context.Context, m *managed, t *handleTool) (_ json.RawMessage, err error) {
	if t.ofTask {
		looking, cancel := brief(ctx)
		m.task, err = s.look(looking, m.owner, m.args.TaskID)
		cancel()
	}
	if err != nil {
		return nil, err
	}
	return t.serve(s, ctx, m)
}

func (s *Server) taskGet(_ context.Context, m *managed) (json.RawMessage, error) {
	return s.handle(m.task), nil
}

func (s *Server) taskCancel(ctx context.Context, m *managed) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.Cancel(ctx, m.task.ID); err != nil {
		return nil, err
	}
	s.opts.Dispatcher.Settle(m.task.Delivery.Limit, m.task.ID)
	return s.handleNow(ctx, m.task.ID)
}

// handleNow returns the handle of a task that was just changed.
func (s *Server) handleNow(ctx context.Context, id tasks.ID) (json.RawMessage, error) {
	t, err := s.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.handle(t), nil
}

const (
	listedTasks = 20
	maxListed   = 200 // bytes of a task's message
)

func brieflyPut(message string) string {
	line, _, more := strings.Cut(message, "\n")
	if len(line) > maxListed {
		line, more = strings.ToValidUTF8(line[:maxListed], ""), true
	}
	if more {
		line += "…"
	}
	return line
}

func (s *Server) taskList(ctx context.Context, m *managed) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	var after store.Place
	if m.args.Cursor != "" {
		var err error
		if after, err = parseCursor(m.args.Cursor); err != nil {
			return nil, err
		}
	}
	page, next, err := s.page(ctx, m.owner, after, listedTasks)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, t := range page {
		fmt.Fprintf(&b, "%s %s, %s: %s\n", t.ID, t.Tool, t.Status, brieflyPut(t.StatusMessage()))
	}
	switch {
	case len(page) == 0:
		b.WriteString("There are no tasks.")
	case next != "":
		fmt.Fprintf(&b, "There are more: call %s with {\"cursor\": %q}.", listTool, next)
	}
	return wire.HandleList(page, next, b.String()), nil
}

// taskAnswer serves task_answer. A model may write an answer as a form's fields, as text, or as the protocol has it.
func (s *Server) taskAnswer(ctx context.Context, m *managed) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	t := m.task
	given := make(map[string]json.RawMessage, len(m.args.Answers))
	for _, q := range t.Questions {
		a, ok := m.args.Answers[q.Key]
		if !ok {
			continue
		}
		given[q.Key] = formal(q, a)
		if wrong := flaw(q.Request, given[q.Key]); wrong != "" {
			return nil, invalid("the answer to %q %s; %s", q.Key, wrong, statusText(t, s.opts.Now()))
		}
	}
	for key := range m.args.Answers {
		if given[key] == nil {
			return nil, invalid("the task does not ask %q (any more); %s", key, statusText(t, s.opts.Now()))
		}
	}
	if err := s.reply(ctx, t.ID, given); err != nil {
		return nil, err
	}
	return s.handleNow(ctx, t.ID)
}

// formal makes an answer one as the protocol has it.
func formal(q tasks.Question, answer json.RawMessage) json.RawMessage {
	switch q.Request.Kind() {
	case tasks.CanListRoots:
		return answer
	case tasks.CanSample:
		var text string
		if json.Unmarshal(answer, &text) != nil {
			return answer
		}
		return wire.Sampled(text)
	}
	var o wire.Object
	if json.Unmarshal(answer, &o) == nil {
		action, _ := o.Text("action") // a form may have a field of that name
		if slices.Contains(actions, action) && (o.Has("content") || len(o) == 1) {
			return answer
		}
		return wire.Accepted(answer)
	}
	if field := onlyField(q.Request); field != "" { // a form of one field may be answered with just its value
		if form, err := json.Marshal(map[string]json.RawMessage{field: answer}); err == nil {
			answer = form
		}
	}
	return wire.Accepted(answer)
}

// onlyField returns the field of a form that has just one, or nothing.
func onlyField(r tasks.InputRequest) string {
	var p struct {
		RequestedSchema struct{ Properties map[string]json.RawMessage }
	}
	if json.Unmarshal(r.Params, &p) != nil || len(p.RequestedSchema.Properties) != 1 {
		return ""
	}
	for name := range p.RequestedSchema.Properties {
		return name
	}
	return ""
}
