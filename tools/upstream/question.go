package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A server's question goes to the call that uses its session. Between calls there is nobody to ask.

var errNobodyAsks = errors.New("no call is being made")

// answer puts a question of the server to whoever started the task.
func (x *session) answer(ctx context.Context, q client.Question) (client.Answer, error) {
	c := x.call.Load()
	if c == nil {
		return client.Answer{}, errNobodyAsks
	}
	q.Params = withoutMeta(q.Params)
	if err := c.pause(1); err != nil {
		return client.Answer{}, err
	}
	reply, err := c.put(ctx, q, x.modern())
	if err == nil {
		err = c.pause(-1)
	}
	switch {
	case errors.Is(err, tasks.ErrCannotAsk) && q.Kind() == tasks.CanListRoots:
		return client.Answer{Raw: json.RawMessage(`{"roots":[]}`)}, c.pause(-1)
	case errors.Is(err, tasks.ErrCannotAsk) && q.Kind() != tasks.CanSample: // nobody saw it
		return client.Answer{Action: "cancel"}, c.pause(-1)
	case errors.Is(err, tasks.ErrCannotAsk):
		return client.Answer{}, tasks.Permanent(fmt.Errorf("it wants a model to write something, which the client of this task does not offer: %w", err))
	case err != nil:
		return client.Answer{}, err
	}
	return client.Answer{Raw: reply.Raw}, nil
}

// withoutMeta drops what the server tells us about a question and nobody else: its own task, or the number of a request.
func withoutMeta(params json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(params, &m) != nil || m["_meta"] == nil {
		return params
	}
	delete(m, "_meta")
	return encode(m)
}

// pause counts the questions that are open before there is a task. From 2026-07-28 on such a question is the answer to the call: no tool runs
// meanwhile, so an attempt that gives its slot back while it waits for a person may make the call again from the beginning.
func (c *call) pause(more int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept.TaskID != "" || !c.session.modern() {
		return nil
	}
	c.asking += more
	return c.noteSent(c.ctx, c.asking == 0)
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// put asks a question, by the server's own name for it if it has one and nothing else was asked by that name: clients see the names.
func (c *call) put(ctx context.Context, q client.Question, named bool) (tasks.Reply, error) {
	key, again := c.key(q, named)
	if named && !again && plainKey.MatchString(q.Key) {
		reply, err := c.attempt.Ask(ctx, q.Key, q.InputRequest)
		if !errors.Is(err, tasks.ErrKeyReused) {
			return reply, err
		}
	}
	return c.attempt.Ask(ctx, key, q.InputRequest)
}

// key names a question within our task by what is asked and how often it was asked before, so that an attempt that starts over uses the same
// name. Before 2026-07-28 the server's own key says nothing: it is only a request's number.
func (c *call) key(q client.Question, named bool) (key string, again bool) {
	name, what := string(q.Kind()), q.Digest()
	if named {
		what += q.Key
	}
	if named && plainKey.MatchString(q.Key) {
		name = q.Key
	}
	sum := sha256.Sum256([]byte(what))
	key = name + "-" + hex.EncodeToString(sum[:4])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked[key]++; c.asked[key] > 1 {
		return fmt.Sprintf("%s-%d", key, c.asked[key]), true
	}
	return key, false
}
