package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

func TestPlainOutputIsTheResultsText(t *testing.T) {
	t.Parallel()
	res := done(t, shell(`read -r line; echo "got $line"; echo 'not { json'; printf '\377\n'; echo '{"progress":"x"}'; printf end`), newClient(), "{\"a\":\n1}")
	want := "got {\"a\":1}\nnot { json\n\uFFFD\n{\"progress\":\"x\"}\nend"
	if diff := cmp.Diff(want, texts(res)); diff != "" {
		t.Error(diff)
	}
	if res.Structured != nil {
		t.Errorf("structured: %s", res.Structured)
	}
}

// Such as git and dd, which say on stderr what they have done.
func TestAProgramThatSaysAllOnStderr(t *testing.T) {
	t.Parallel()
	want := "The program ended well. The end of what it said:\n3 records out"
	if diff := cmp.Diff(want, texts(done(t, shell(`echo '3 records out' >&2`), newClient(), `{}`))); diff != "" {
		t.Error(diff)
	}
}

func TestAProgramThatSaysNothing(t *testing.T) {
	t.Parallel()
	contains(t, texts(done(t, shell(`:`), newClient(), `{}`)), "said nothing")
}

func TestMessages(t *testing.T) {
	t.Parallel()
	rt := newClient()
	res := done(t, shell(`
		echo '{"progress":3,"total":10,"message":"three"}'
		echo '{"progress":4.5}'
		echo '{"log":"careful","level":"warning"}'
		echo between
		echo 'from stderr' >&2
		echo '{"result":{"n":12345678901234567890}}'`), rt, `{}`)
	if diff := cmp.Diff([]tasks.Progress{{Done: 3, Total: 10, Message: "three"}, {Done: 4.5}}, rt.reports); diff != "" {
		t.Error(diff)
	}
	contains(t, rt.said(), "WARN careful", "INFO from stderr")
	if diff := cmp.Diff("{\"n\":12345678901234567890}\nbetween\n", texts(res)); diff != "" {
		t.Error(diff)
	}
	doc, err := res.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(doc), `"structuredContent":{"n":12345678901234567890}`)
}

func TestALineThatIsNearlyAMessageIsTold(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"ask":{"key":"k","mesage":"hm?"}}`:                `unknown member "mesage": there is key, message, schema`,
		`{"ask":{"key":"k"}}`:                               `the member "message" is missing`,
		`{"ask":"k"}`:                                       `ask must be an object`,
		`{"progress":"half"}`:                               `progress must be a number`,
		`{"progress":1,"message":null}`:                     `message must be text`,
		`{"log":"x","level":"loud"}`:                        `level "loud": use debug, info, warning or error`,
		`{"result":1,"id":7}`:                               `unknown member "id"`,
		`{"result":1,"` + strings.Repeat("x", 100) + `":7}`: `unknown member "` + strings.Repeat("x", 40) + `": there is result`,
		`{"progress":1,"log":"x"}`:                          `unknown member `,
		`{"name":"of the program's own output"}`:            ``,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			rt, c := newClient(), part("echo", line)
			if got := texts(done(t, c, rt, `{}`)); got != line {
				t.Errorf("the result is %s", got)
			}
			if want == "" && rt.said() != "" {
				t.Errorf("said: %s", rt.said())
			} else if want != "" {
				contains(t, rt.said(), "WARN a line of the program looks like a message, but is taken for output: "+want)
			}
		})
	}
}

func TestFewLinesThatAreNearlyMessagesAreTold(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`for i in 1 2 3 4 5; do echo '{"progress":"half"}'; done`), rt, `{}`)
	if len(rt.logs) != 3 {
		t.Errorf("said:\n%s", rt.said())
	}
}

func TestAFailureTellsItsStatusAndTheEndOfStderr(t *testing.T) {
	t.Parallel()
	err := failing(t, shell(`echo out; seq 100000 >&2; echo 'it broke' >&2; exit 3`), `{}`)
	contains(t, err.Error(), "sh ended with exit status 3", "it broke", "99999")
	if strings.Contains(err.Error(), "\n500\n") || strings.Contains(err.Error(), "left out") || len(err.Error()) > 10_000 {
		t.Errorf("it has more than the end: %d bytes", len(err.Error()))
	}
	if permanent, _ := tasks.RetryAdvice(err); permanent {
		t.Error("it would not be tried again")
	}
	contains(t, failing(t, shell(`echo only this; exit 1`), `{}`).Error(), "exit status 1", "only this")
	contains(t, failing(t, shell(`kill -SEGV $$`), `{}`).Error(), "was killed by SIGSEGV", "said nothing")
}

func TestAProgramThatCannotBeStartedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	notes := filepath.Join(t.TempDir(), "notes.txt")
	odd := filepath.Join(t.TempDir(), "odd")
	if err := errors.Join(os.WriteFile(notes, []byte("no program"), 0o644), os.WriteFile(odd, []byte("\x01\x02 no program"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"no-such-program", "/no/such/program", notes, odd, "/"} {
		for _, limits := range []command.Limits{{}, {Files: 100}} { // with a starter, too
			err := failing(t, command.Command{Args: []string{program}, Limits: limits}, `{}`)
			if permanent, _ := tasks.RetryAdvice(err); !permanent {
				t.Errorf("%s: %v would be tried again", program, err)
			}
		}
	}
	long := failing(t, command.Command{Args: []string{"echo", "${arg:x}"}}, fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 200_000)))
	if permanent, _ := tasks.RetryAdvice(long); !permanent || !strings.Contains(long.Error(), "too long") {
		t.Errorf("%.300v would be tried again", long)
	}
}

func TestWhatIsWrongWithACommand(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"full":{"type":"boolean"}}}`)
	for name, c := range map[string]command.Command{
		"command: it is empty":            {},
		"cannot be a template":            {Args: []string{"${arg:full}"}},
		`no property "ful"`:               {Args: []string{"x", "${arg:ful}"}},
		"${name}: use":                    {Args: []string{"x", "${name}"}},
		"${arg:}: use":                    {Args: []string{"x", "${arg:}"}},
		`env: A: "${arg:fulll}"`:          {Args: []string{"x"}, Env: map[string]string{"A": "${arg:fulll}"}},
		"without }":                       {Args: []string{"x", "${arg:full"}},
		"as a variable, in env":           {Args: []string{"x", "--token=${env:TOKEN}"}},
		"${file:}: use":                   {Args: []string{"x"}, Env: map[string]string{"A": "${file:}"}},
		"a NUL":                           {Args: []string{"x", "\x00"}},
		"only one list":                   {Args: []string{"x", "${arg:full...}${arg:full...}"}},
		"a condition does not spread":     {Args: []string{"x", "${if:full...}"}},
		"no name of a variable":           {Args: []string{"x"}, Env: map[string]string{"A=B": ""}},
		"Longhaul's own":                  {Args: []string{"x"}, Pass: []string{"LONGHAUL_REDIS"}},
		"cannot spread over one variable": {Args: []string{"x"}, Env: map[string]string{"A": "${arg:full...}"}},
		`input "tty"`:                     {Args: []string{"x"}, Input: "tty"},
		"grace is -1s":                    {Args: []string{"x"}, Grace: -time.Second},
		`user "no such person"`:           {Args: []string{"x"}, User: "no such person"},
		`user "4294967296:1"`:             {Args: []string{"x"}, User: "4294967296:1"}, // would be root
		`user "1:4294967296"`:             {Args: []string{"x"}, User: "1:4294967296"},
		`user "1:"`:                       {Args: []string{"x"}, User: "1:"},
	} {
		var reg tasks.Registry
		c.Tool = tasks.Tool{Name: "tool", InputSchema: schema}
		if err := command.Add(&reg, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoLimitIsNegative(t *testing.T) {
	t.Parallel()
	for _, l := range []command.Limits{
		{Memory: -1}, {CPU: -1}, {Files: -1}, {Processes: -1}, {Cgroup: command.Cgroup{Memory: -1}}, {Cgroup: command.Cgroup{CPUs: -1}}, {Cgroup: command.Cgroup{Processes: -1}},
	} {
		c := command.Command{Args: []string{"x"}, Limits: l}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "none can be negative") {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func TestCheckpointsAreFoundByALaterAttempt(t *testing.T) {
	t.Parallel()
	rt := newClient()
	c := shell(`if [ -n "$LONGHAUL_CHECKPOINT" ]; then cat "$LONGHAUL_CHECKPOINT"; exit; fi
		echo '{"checkpoint":{"at":1}}'; echo '{"checkpoint":{"at":2}}'; exit 1`)
	if _, err := call(t, t.Context(), c, rt, `{}`); err == nil {
		t.Fatal("the first attempt ended well")
	}
	if got := texts(done(t, c, rt, `{}`)); got != "{\"at\":2}\n" {
		t.Errorf("found %q", got)
	}
}

func TestACheckpointThatCannotBeKeptEndsTheAttempt(t *testing.T) {
	t.Parallel()
	rt, broken := newClient(), errors.New("no room")
	rt.remember = func(context.Context) error { return broken }
	for _, script := range []string{`echo '{"checkpoint":1}'`, `echo '{"checkpoint":1}'; sleep 1000`} {
		if _, err := call(t, t.Context(), shell(script), rt, `{}`); !errors.Is(err, broken) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestTheLastCheckpointIsWrittenAfterSIGTERM(t *testing.T) {
	t.Parallel()
	rt := newClient()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		rt.until(t, "it runs", func(c *client) bool { return len(c.logs) > 0 })
		cancel(tasks.ErrDraining)
	}()
	_, err := call(t, ctx, shell(`trap 'sleep 0.5; echo "{\"checkpoint\":\"late\"}"; exit 0' TERM; echo '{"log":"up"}'; while :; do sleep 0.1; done`), rt, `{}`)
	if !errors.Is(err, tasks.ErrDraining) {
		t.Errorf("it ended by %v: a program that was stopped has no result", err)
	}
	if string(rt.kept) != `"late"` {
		t.Errorf("kept %s", rt.kept)
	}
}

const interview = `
	read -r arguments
	echo '{"ask":{"key":"name","message":"Who?","schema":{"type":"object","properties":{"name":{"type":"string"}}}}}'
	read -r answer
	printf '%s\n' "$answer"`

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string
		err    error
		want   string
	}{
		"accepted":   {answer: `{"action":"accept","content":{"name":"Ö\n\"x"}}`, want: `{"key":"name","action":"accept","content":{"name":"Ö\n\"x"}}`},
		"declined":   {answer: `{"action":"decline"}`, want: `{"key":"name","action":"decline"}`},
		"unanswered": {err: tasks.ErrUnanswered, want: `{"key":"name","action":"unanswered"}`},
		"unable":     {err: tasks.ErrCannotAsk, want: `{"key":"name","action":"unable"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := newClient()
			rt.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
				return json.RawMessage(test.answer), test.err
			}
			c := shell(interview)
			c.Input = command.Dialog
			if diff := cmp.Diff(test.want+"\n", texts(done(t, c, rt, `{}`))); diff != "" {
				t.Error(diff)
			}
			contains(t, string(rt.asked[0].Request.Params), `"message":"Who?"`, `"requestedSchema":{"type":"object"`)
		})
	}
}

func TestAQuestionParksAndIsAnsweredInALaterAttempt(t *testing.T) {
	t.Parallel()
	rt, c := newClient(), shell(interview)
	c.Input = command.Dialog
	ctx, park := context.WithCancelCause(t.Context())
	rt.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		park(tasks.ErrParked) // as the worker does
		return nil, tasks.ErrParked
	}
	if _, err := call(t, ctx, c, rt, `{}`); !errors.Is(err, tasks.ErrParked) {
		t.Fatalf("the attempt ended by %v", err)
	}
	rt.answers = map[string]string{"name": `{"action":"accept","content":{"name":"Ada"}}`}
	contains(t, texts(done(t, c, rt, `{}`)), `"content":{"name":"Ada"}`)
}

func TestATimeoutEndsTheProgram(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, tasks.ErrTimeout)
	defer cancel()
	if _, err := call(t, ctx, shell(`sleep 1000`), newClient(), `{}`); !errors.Is(err, tasks.ErrTimeout) {
		t.Errorf("it ended by %v", err)
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	large := fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 3<<20))
	t.Run("the arguments and then the end", func(t *testing.T) {
		t.Parallel()
		if got := texts(done(t, shell(`wc -c`), newClient(), large)); strings.TrimSpace(got) != fmt.Sprint(len(large)+1) {
			t.Errorf("it read %s bytes of %d", got, len(large)+1)
		}
	})
	t.Run("read only after much was written", func(t *testing.T) {
		t.Parallel()
		done(t, shell(`head -c 1000000 /dev/zero; cat >/dev/null`), newClient(), large)
	})
	for name, script := range map[string]string{"never read": `echo fine`, "closed": `exec 0<&-; echo fine; sleep 0.2`, "never read for a while": `sleep 0.2; echo fine`} {
		for _, in := range []command.Input{command.Document, command.Dialog} {
			t.Run(name+", "+string(in), func(t *testing.T) {
				t.Parallel()
				c := shell(script)
				c.Input = in
				if got := texts(done(t, c, newClient(), large)); got != "fine\n" {
					t.Errorf("said %q", got)
				}
			})
		}
	}
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		c := shell(`wc -c`)
		c.Input = command.None
		if got := texts(done(t, c, newClient(), large)); strings.TrimSpace(got) != "0" {
			t.Errorf("it read %s bytes", got)
		}
	})
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c := shell(`pwd; echo "$LONGHAUL_OUT"; mkdir -p a/b; touch a/b/c; chmod 500 a/b a`)
	c.Root = root
	lines := strings.Fields(texts(done(t, c, newClient(), `{}`)))
	if !strings.HasPrefix(lines[0], root) || lines[1] != filepath.Join(lines[0], "out") {
		t.Errorf("it worked in %q", lines)
	}
	nothingIn(t, root)

	refused := command.Command{Args: []string{"echo", "${arg:x}"}, Root: root}
	contains(t, failing(t, refused, `{"x":"-n"}`).Error(), "taken for an option")
	nothingIn(t, root)

	c.Dir = t.TempDir()
	c.Args[2] = `pwd; touch mark; ls -d "$LONGHAUL_OUT"`
	contains(t, texts(done(t, c, newClient(), `{}`)), c.Dir+"\n", root)
	if _, err := os.Stat(filepath.Join(c.Dir, "mark")); err != nil {
		t.Error(err)
	}
	nothingIn(t, root)

	base := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(base, "sub"), 0o700), os.WriteFile(filepath.Join(base, "sub", "where.sh"), []byte("#!/bin/sh\npwd\n"), 0o700)); err != nil {
		t.Fatal(err)
	}
	here := command.Command{Args: []string{"sub/where.sh"}, Base: base, Dir: "sub"}
	if got, want := texts(done(t, here, newClient(), `{}`)), filepath.Join(base, "sub")+"\n"; got != want {
		t.Errorf("relative to the base: it worked in %q, want %q", got, want)
	}
}

// nothingIn fails if attempts have left something beneath their root.
func nothingIn(t testing.TB, root string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(root, "attempt-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
}
