package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// asking serves a tool that must not run twice and may become a task; it asks before it does anything.
func asking(t *testing.T, method string, ran *atomic.Int64) string {
	return newScript(t, map[string]func(*query){
		"server/discover": func(q *query) {
			q.result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": object{
				"extensions": object{"io.modelcontextprotocol/tasks": object{}},
			}})
		},
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}}})
		},
		"tools/call": func(q *query) {
			meta, _ := q.Params["_meta"].(object)
			switch {
			case meta["dev.longhaul/idempotency-key"] != nil:
				q.fail(http.StatusBadRequest, -32602, "dev.longhaul/idempotency-key needs a caller who can be told from others")
			case q.Params["inputResponses"] == nil:
				q.result(object{"resultType": "input_required", "requestState": "s", "inputRequests": object{"k": object{
					"method": method, "params": object{"message": "Sure?", "maxTokens": 1, "messages": []object{}},
				}}})
			default:
				ran.Add(1)
				q.result(object{"resultType": "complete", "content": []object{{"type": "text", "text": "done"}}})
			}
		},
	}).url
}

// While a question waits that comes before the work, no call is being made: another attempt may begin anew.
func TestAQuestionBeforeTheWorkLetsAnotherAttemptBegin(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: asking(t, "elicitation/create", &ran)})
	k := newTask()
	ctx, cancel := context.WithCancelCause(t.Context())
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		cancel(tasks.ErrParked)
		return nil, tasks.ErrParked
	}
	if _, err := r.attempt(ctx, k, "up_t", object{}); !errors.Is(err, tasks.ErrParked) {
		t.Fatal(err)
	}
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		return json.RawMessage(`{"action":"accept"}`), nil
	}
	got, err := r.attempt(t.Context(), k, "up_t", object{})
	if err != nil || !strings.Contains(got, "done") || ran.Load() != 1 {
		t.Error(got, err, ran.Load())
	}
	if keys := k.keys(); len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("%q", keys)
	}
	if string(k.memory["checkpoint"]) != `{"sent":true}` { // the work may have begun: a third attempt must not
		t.Errorf("%s", k.memory["checkpoint"])
	}
	if _, err := r.attempt(t.Context(), k, "up_t", object{}); err == nil || !permanent(err) || ran.Load() != 1 {
		t.Error(err, ran.Load())
	}
}

func TestAskingForAModel(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: asking(t, "sampling/createMessage", &ran)})
	k := newTask()
	if _, err := r.attempt(t.Context(), k, "up_t", object{}); err == nil || !permanent(err) || !errors.Is(err, tasks.ErrCannotAsk) || !isUpstream(err) {
		t.Error(err)
	}
	k = newTask()
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		return json.RawMessage(`{"role":"assistant","content":{"type":"text","text":"yes"},"model":"m"}`), nil
	}
	if got, err := r.attempt(t.Context(), k, "up_t", object{}); err != nil || !strings.Contains(got, "done") || k.asked[0].Request.Kind() != tasks.CanSample {
		t.Error(got, err)
	}
}

// Clients see the server's own names of its questions, as far as one name stands for one question.
func TestQuestionsKeepTheirServersNames(t *testing.T) {
	t.Parallel()
	url := newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}}})
		},
		"tools/call": func(q *query) {
			round := map[any]int{nil: 0, "1": 1, "2": 2}[q.Params["requestState"]]
			if round == 2 {
				q.result(object{"content": []object{}})
				return
			}
			q.result(object{"resultType": "input_required", "requestState": string(rune('1' + round)), "inputRequests": object{"who": object{
				"method": "elicitation/create", "params": object{"message": []string{"Who?", "Who else?"}[round]},
			}}})
		},
	}).url
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	k := newTask()
	asked := make(map[string]string) // as the store keeps them
	k.ask = func(_ context.Context, q tasks.Question) (json.RawMessage, error) {
		if digest, ok := asked[q.Key]; ok && digest != q.Request.Digest() {
			return nil, tasks.Permanent(tasks.ErrKeyReused)
		}
		asked[q.Key] = q.Request.Digest()
		return json.RawMessage(`{"action":"accept"}`), nil
	}
	if got, err := r.attempt(t.Context(), k, "up_t", object{}); err != nil {
		t.Fatal(got, err)
	}
	if keys := k.keys(); len(keys) != 3 || keys[0] != "who" || keys[1] != "who" || !strings.HasPrefix(keys[2], "who-") || len(asked) != 2 {
		t.Errorf("%q", keys)
	}
}

// A server is told what the client behind the call can answer, and what it says of that reaches the client as the protocol has it.
func TestWhatTheClientCanAnswer(t *testing.T) {
	t.Parallel()
	url := newScript(t, map[string]func(*query){
		"server/discover": func(q *query) { q.result(object{"supportedVersions": []string{"2026-07-28"}}) },
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}}})
		},
		"tools/call": func(q *query) {
			meta, _ := q.Params["_meta"].(object)
			caps, _ := meta["io.modelcontextprotocol/clientCapabilities"].(object)
			switch {
			case caps["sampling"] == nil:
				q.write(http.StatusBadRequest, object{"jsonrpc": "2.0", "id": q.ID, "error": object{
					"code": -32021, "message": "no sampling", "data": object{"requiredCapabilities": object{"sampling": object{}}},
				}})
			case q.Params["inputResponses"] == nil:
				q.result(object{"resultType": "input_required", "inputRequests": object{"where": object{"method": "roots/list", "params": object{}}}})
			default:
				text, _ := json.Marshal(object{"answers": q.Params["inputResponses"], "able": caps})
				q.result(object{"content": []object{{"type": "text", "text": string(text)}}})
			}
		},
	}).url
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	k := newTask()
	k.can = tasks.Capabilities{tasks.CanFillForms}
	_, err := r.attempt(t.Context(), k, "up_t", object{})
	if got := refused(err); got != `-32021 no sampling {"requiredCapabilities":{"sampling":{}}}` || !permanent(err) || !isUpstream(err) {
		t.Error(got)
	}
	k = newTask()
	k.can = tasks.Capabilities{tasks.CanSample}
	got, err := r.attempt(t.Context(), k, "up_t", object{})
	if err != nil || !strings.Contains(got, `{\"where\":{\"roots\":[]}}`) || strings.Contains(got, "elicitation") {
		t.Errorf("a client without roots has none: %s, %v", got, err)
	}
	k = newTask()
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		return json.RawMessage(`{"roots":[{"uri":"file:///x"}]}`), nil
	}
	if got, err = r.attempt(t.Context(), k, "up_t", object{}); err != nil || !strings.Contains(got, "file:///x") || !strings.Contains(got, `\"roots\":{}`) {
		t.Error(got, err)
	}
}
