package configfile

import (
	"encoding/json"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// policy is how a tool is run.
var policy = kind[tasks.Policy]{policyKeys.read, &jsonschema.Schema{Ref: "#/$defs/policy"}}

// policyKeys has a row for each field of tasks.Policy.
var policyKeys = object(
	at("queue", "Where the tool's tasks wait. Default: the worker's -queue.", text, func(p *tasks.Policy) *string { return &p.Queue }),
	at("priority", "Which tasks of a queue come first. Default: normal.", oneOf(tasks.High, tasks.Normal, tasks.Low), func(p *tasks.Policy) *tasks.Priority { return &p.Priority }),
	at("delay", "How long a task waits before it may start. Default: not at all.", duration, func(p *tasks.Policy) *time.Duration { return &p.Delay }),
	at("timeout", "The time of one attempt. Default: 24h.", duration, func(p *tasks.Policy) *time.Duration { return &p.Timeout }),
	at("attempts", "How many failures end the task. Default: 1.", count, func(p *tasks.Policy) *int { return &p.Attempts }),
	at("backoff", "The pause before the second attempt; it doubles up to 10 minutes. Default: 5s.", duration, func(p *tasks.Policy) *time.Duration { return &p.Backoff }),
	at("concurrency", "How many attempts there may be at once, over all workers. Default: as many as there are slots.", count, func(p *tasks.Policy) *int { return &p.Concurrency }),
	at("rate", "How often the tool may be started, over all workers: 5/s, 10/m, 100/h or 3/90s. Default: no limit.", rate, func(p *tasks.Policy) *tasks.Rate { return &p.Rate }),
	at("rerun", "Whether the tool may be started again after a crash or a deploy. Default: yes; for tools of servers, if they are annotated as read-only or idempotent.", yesNo, func(p *tasks.Policy) *tasks.Switch { return &p.Rerun }),
	at("exclusive", "Whether an attempt that cannot reach Redis stops before another one could start. Default: false.", boolean, func(p *tasks.Policy) *bool { return &p.Exclusive }),
	at("task", "Whether calls become tasks for the client. Default: optional.", oneOf(tasks.Optional, tasks.Required, tasks.Forbidden), func(p *tasks.Policy) *tasks.Support { return &p.Task }),
	at("refuse", "With task: required: clients without tasks get an error instead of a handle. Default: false.", boolean, func(p *tasks.Policy) *bool { return &p.Refuse }),
	at("hold", "How long the call of a client without tasks stays open before it is answered with a handle. Default: as the server sees fit for the client.", duration, func(p *tasks.Policy) *time.Duration { return &p.Hold }),
	at("orphan", "How long a task outlives the last call that waited for it, for clients that say stop by dropping a call. Default: 30s.", duration, func(p *tasks.Policy) *time.Duration { return &p.Orphan }),
	at("detach", "Whether a task runs on whoever stops waiting for it. Default: false.", boolean, func(p *tasks.Policy) *bool { return &p.Detach }),
	at("inline", "How long a call waits for a quick result before it is answered with a task. Default: not at all.", duration, func(p *tasks.Policy) *time.Duration { return &p.Inline }),
	at("dedupe", "args: calls of one caller with the same arguments share a task while it is open. Default: none do.", oneOf(tasks.ByArguments), func(p *tasks.Policy) *tasks.Dedupe { return &p.Dedupe }),
	at("window", "With dedupe: how long a task that completed without error still serves the same call. Default: only while it is open.", duration, func(p *tasks.Policy) *time.Duration { return &p.Window }),
	at("park", "How long a question waits for its answer before the attempt gives its slot back. Default: 30s.", duration, func(p *tasks.Policy) *time.Duration { return &p.Park }),
	at("before", "Questions that are asked before there is a task.", listOf(question), func(p *tasks.Policy) *[]tasks.Question { return &p.Before }),
	at("retention", "How long the result can be read after the task ended. Default: 24h.", duration, func(p *tasks.Policy) *time.Duration { return &p.Retention }),
	at("maxLifetime", "How long a task may stay open. Default: 30d.", duration, func(p *tasks.Policy) *time.Duration { return &p.MaxLifetime }),
).checked(func(_ value, p tasks.Policy) error { return p.Validate() })

// rate is how often something may be started.
var rate = matching(`^[1-9][0-9]*/.*[smh]$`, as(text, func(v value, s string) (r tasks.Rate, err error) {
	if s == "" {
		return r, v.wrong("%s is empty: leave it out for no limit", v.name)
	}
	if err := r.UnmarshalText([]byte(s)); err != nil {
		return r, v.wrong("%v", err)
	}
	return r, nil
}))

// yesNo is a yes or no; true and false say the same.
var yesNo = kind[tasks.Switch]{
	func(v value) (tasks.Switch, error) {
		if n, ok := v.node.(*ast.BoolNode); ok {
			if n.Value {
				return tasks.Yes, nil
			}
			return tasks.No, nil
		}
		return oneOf(tasks.Yes, tasks.No).read(v)
	},
	&jsonschema.Schema{Enum: []any{true, false, "yes", "no"}},
}

// form is a question to the user: a message, and the fields to fill in.
type form struct {
	key, message string
	schema       json.RawMessage
}

var questionKey = as(text, func(v value, key string) (string, error) {
	q := tasks.Question{Key: key, Request: tasks.Roots()}
	if err := q.Validate(); err != nil {
		return key, v.wrong("%v", err)
	}
	return key, nil
})

var question = as(object(
	must(at("key", "Names the question within its task: 1 to 128 bytes.", questionKey, func(f *form) *string { return &f.key })),
	must(at("message", "What the user is asked.", text, func(f *form) *string { return &f.message })),
	at("schema", "The fields to fill in: a JSON schema, an object with properties that are texts, numbers or truths. Default: none.", schema, func(f *form) *json.RawMessage { return &f.schema }),
), func(_ value, f form) (tasks.Question, error) {
	if f.schema == nil {
		f.schema = json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return tasks.Question{Key: f.key, Request: tasks.FormSchema(f.message, f.schema)}, nil
})
