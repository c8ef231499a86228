package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// dialog is a script that may ask.
func dialog(script string) command.Command {
	c := shell(script)
	c.Input = command.Dialog
	return c
}

// inTurn asks so many questions, each after the answer to the one before.
const inTurn = `read -r arguments; for i in $(seq %d); do echo "{\"ask\":{\"key\":\"k$i\",\"message\":\"m\"}}"; read -r answer; echo "$i"; done`

// atOnce asks so many questions, and waits for no answer.
const atOnce = `for i in $(seq %d); do echo "{\"ask\":{\"key\":\"k$i\",\"message\":\"m\"}}"; done; sleep 1000`

// yes is a client that answers whatever it is asked.
func yes(answer string) *client {
	rt := newClient()
	rt.ask = func(context.Context, tasks.Question) (json.RawMessage, error) { return json.RawMessage(answer), nil }
	return rt
}

func TestAQuestionWithoutADialogEndsTheAttempt(t *testing.T) {
	t.Parallel()
	for _, rest := range []string{"", "; sleep 1000"} {
		err := failing(t, shell(`echo '{"ask":{"key":"k","message":"m"}}'`+rest), `{}`)
		if permanent, _ := tasks.RetryAdvice(err); !permanent || !strings.Contains(err.Error(), `input must be "dialog"`) {
			t.Error(err)
		}
	}
}

func TestTooManyQuestionsAtOnce(t *testing.T) {
	t.Parallel()
	err := failing(t, dialog(fmt.Sprintf(atOnce, 17)), `{}`)
	if permanent, _ := tasks.RetryAdvice(err); !permanent || !strings.Contains(err.Error(), "too many") {
		t.Error(err)
	}
}

func TestManyQuestionsInTurn(t *testing.T) {
	t.Parallel()
	if got := texts(done(t, dialog(fmt.Sprintf(inTurn, 40)), yes(`{"action":"decline"}`), `{}`)); !strings.HasSuffix(got, "\n40\n") {
		t.Errorf("it said %q", got)
	}
}

// A program that has questions, and never reads, does not keep the attempt from its end.
func TestAnswersThatAreNeverRead(t *testing.T) {
	t.Parallel()
	long := `{"action":"accept","content":{"text":"` + strings.Repeat("x", 100_000) + `"}}`
	if _, err := call(t, t.Context(), dialog(fmt.Sprintf(atOnce, 1000)), yes(long), `{}`); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Error(err)
	}
}

func TestAQuestionThatCannotBePutEndsTheAttempt(t *testing.T) {
	t.Parallel()
	rt, broken := newClient(), errors.New("no such question")
	rt.ask = func(context.Context, tasks.Question) (json.RawMessage, error) { return nil, broken }
	if _, err := call(t, t.Context(), dialog(fmt.Sprintf(inTurn, 1)), rt, `{}`); !errors.Is(err, broken) {
		t.Errorf("the attempt ended by %v", err)
	}
}

// Who ends without waiting for an answer has its result all the same.
func TestAQuestionThatIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	rt := newClient()
	if got := texts(done(t, dialog(`echo '{"ask":{"key":"k","message":"m"}}'; echo done`), rt, `{}`)); got != "done\n" || len(rt.asked) != 1 {
		t.Errorf("said %q, asked %d questions", got, len(rt.asked))
	}
}

// What a question says of its time, and of what counts without an answer, reaches the engine.
func TestAQuestionsTimeAndDefault(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]tasks.InputRequest{
		``:                                     {},
		`,"schema":null,"otherwise":null`:      {},
		`,"within":90`:                         {Limit: 90 * time.Second},
		`,"within":0.5,"otherwise":{"n":1}`:    {Limit: 500 * time.Millisecond, Default: json.RawMessage(`{"action":"accept","content":{"n":1}}`)},
		`,"within":1e300,"otherwise":{"n":[]}`: {Limit: 365 * 24 * time.Hour, Default: json.RawMessage(`{"action":"accept","content":{"n":[]}}`)},
	} {
		rt := yes(`{"action":"decline"}`)
		done(t, dialog(`read -r arguments; echo '{"ask":{"key":"k","message":"m"`+fields+`}}'; read -r answer`), rt, `{}`)
		if len(rt.asked) != 1 {
			t.Errorf("%s: %d questions were put; the log says %s", fields, len(rt.asked), rt.said())
			continue
		}
		q := rt.asked[0].Request
		if q.Limit != want.Limit || string(q.Default) != string(want.Default) || !strings.Contains(string(q.Params), `"requestedSchema":{"type":"object","properties":{}}`) {
			t.Errorf("%s: put as %s, within %s, otherwise %s", fields, q.Params, q.Limit, q.Default)
		}
	}
}
