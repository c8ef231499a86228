package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const inputSchema = `{"properties":{"path":{"type":"string"},"n":{"type":"integer"},"f":{"type":["null","number"]},"on":{"type":"boolean"},
	"tags":{"type":["null","array"],"items":{"type":"string"}},"ids":{"type":"array","items":{"type":"integer"}},"o":{"type":"object"},
	"level":{"enum":["low","high"]}},"required":["path"],"additionalProperties":false}`

func TestArgumentsAreTypedByTheSchema(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		words []string
		want  string // JSON, or the error after "!"
	}{
		"types":          {[]string{"path=1", "n=2", "f=1.5", "on=yes", "o={\"a\":1}", "level=high"}, `{"f":1.5,"level":"high","n":2,"o":{"a":1},"on":true,"path":"1"}`},
		"lists":          {[]string{"path=a", "tags=x,y", "ids=1", "ids=2"}, `{"ids":[1,2],"path":"a","tags":["x","y"]}`},
		"list as JSON":   {[]string{"path=a", `tags=["x,y"]`}, `{"path":"a","tags":["x,y"]}`},
		"raw JSON":       {[]string{"path=a", `n:=7`, `more:={"x":null}`}, `{"more":{"x":null},"n":7,"path":"a"}`},
		"file":           {[]string{"path=@" + file}, `{"path":"from a file"}`},
		"at sign":        {[]string{"path=@@here"}, `{"path":"@here"}`},
		"equals sign":    {[]string{"path=a=b"}, `{"path":"a=b"}`},
		"misspelt":       {[]string{"pth=a"}, "!no argument pth: did you mean path?"},
		"nothing like":   {[]string{"path=a", "zzzzzz=1"}, "!no argument zzzzzz: there is path, n, f, on, tags, ids, o, level"},
		"missing":        {[]string{"n=1"}, "!missing argument path (string)"},
		"no number":      {[]string{"path=a", "n=1.5"}, `!n: "1.5" is no whole number`},
		"no boolean":     {[]string{"path=a", "on=maybe"}, `!on: "maybe" is no true or false`},
		"no such choice": {[]string{"path=a", "level=mid"}, `!level: "mid" is none of low, high`},
		"in a list":      {[]string{"path=a", "ids=1,x"}, `!ids: "x" is no whole number`},
		"twice":          {[]string{"path=a", "path=b"}, "!path is given more than once"},
		"bad JSON":       {[]string{"path:={"}, "!path: what follows := is not JSON"},
		"no text":        {[]string{"path=a\xff"}, "!path is no text in UTF-8, which is all that an argument can be: encode it, such as by base64, if the tool takes that"},
		"no name":        {[]string{"here"}, `!"here" is no argument: write name=value`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, err := readArguments(json.RawMessage(inputSchema), test.words)
			if wrong, ok := strings.CutPrefix(test.want, "!"); ok {
				if err == nil || err.Error() != wrong || exitCode(err) != codeUsage {
					t.Errorf("got %v, %v", args, err)
				}
				return
			}
			if got, _ := json.Marshal(args); err != nil || string(got) != test.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	if args, err := readArguments(json.RawMessage(`{"type":"object"}`), []string{"any=thing"}); err != nil || args["any"] != "thing" {
		t.Error("a schema without properties", args, err)
	}
}

// asked has a form filled in with lines, and returns the answer and what was shown.
// Tools whose schemas are odd are relayed, too: what of a property cannot be read makes none of them unusable.
func TestOddSchemasAreReadAsFarAsTheyGo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ schema, word, want string }{
		"an enum that is no list":        {`{"properties":{"a":{"type":"integer","enum":"x"}}}`, "a=1", `{"a":1}`},
		"items one by one, as draft-07":  {`{"properties":{"a":{"type":"array","items":[{"type":"string"}]}}}`, "a=1,x", `{"a":["1","x"]}`},
		"any items":                      {`{"properties":{"a":{"type":"array","items":true}}}`, "a=1,x", `{"a":["1","x"]}`},
		"any of anything":                {`{"properties":{"a":{"type":"boolean","oneOf":[true]}}}`, "a=yes", `{"a":true}`},
		"a type that is none":            {`{"properties":{"a":{"type":7}}}`, "a=1", `{"a":"1"}`},
		"a property that may be all":     {`{"properties":{"a":true}}`, "a=1", `{"a":"1"}`},
		"one beside it":                  {`{"properties":{"odd":{"enum":"x"},"a":{"type":"number"}}}`, "a=1", `{"a":1}`},
		"required of draft-03":           {`{"properties":{"a":{"type":"number","required":true}},"required":true}`, "a=1", `{"a":1}`},
		"properties that are no object":  {`{"properties":["a","b"]}`, "c=1", `{"c":"1"}`},
		"lists of lists of what is read": {`{"properties":{"a":{"type":"array","items":{"type":"array","items":{"type":"integer"}}}}}`, "a=1,2", `{"a":[[1],[2]]}`},
	} {
		args, err := readArguments(json.RawMessage(test.schema), []string{test.word})
		if got, _ := json.Marshal(args); err != nil || string(got) != test.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := readSchema(json.RawMessage(`[]`)); err == nil {
		t.Error("a schema that is a list is read")
	}
}

func asked(t *testing.T, params, input string) (client.Answer, string, error) {
	var shown bytes.Buffer
	a := &app{errs: &shown, lines: newLines(strings.NewReader(input))}
	p := &prompter{app: a, screen: &screen{shows: &plain{out: &shown, now: time.Now}}}
	answer, err := p.answer(t.Context(), client.Question{Key: "k", InputRequest: tasks.InputRequest{Method: "elicitation/create", Params: json.RawMessage(params)}})
	for range a.lines.next { // so that the reading goroutine comes to its end
	}
	return answer, shown.String(), err
}

const form = `{"mode":"form","message":"Who?","requestedSchema":{"type":"object","properties":{
	"name":{"type":"string","description":"first name"},"age":{"type":"integer"},"colour":{"type":"string","enum":["red","blue"],"default":"red"},
	"member":{"type":"boolean"}},"required":["name","colour"]}}`

func TestFormsAreAskedFieldByField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		params, input, want string
		err                 error
		shown               []string
	}{
		"filled in":        {form, "Ada\n36\nblue\ny\n", `{"action":"accept","content":{"age":36,"colour":"blue","member":true,"name":"Ada"}}`, nil, []string{"Who?", "name (string): first name:", "[red, blue] [red]:", "[y/N]", "(optional)"}},
		"defaults":         {form, "Ada\n\n\n\n", `{"action":"accept","content":{"colour":"red","member":false,"name":"Ada"}}`, nil, nil},
		"until it fits":    {form, "\nAda\nold\n36\ngreen\nblue\nn\n", `{"action":"accept","content":{"age":36,"colour":"blue","member":false,"name":"Ada"}}`, nil, []string{"it is required", `age: "old" is no whole number`, `"green" is none of red, blue`}},
		"declined":         {form, "Ada\n!\n", `{"action":"decline"}`, nil, nil},
		"end of the input": {form, "Ada\n", "", errDetached, nil},
		"visit":            {`{"mode":"url","message":"Pay","url":"https://pay"}`, "y\n", `{"action":"accept"}`, nil, []string{"https://pay"}},
		"visit, no":        {`{"mode":"url","message":"Pay","url":"https://pay"}`, "what\n\n", `{"action":"decline"}`, nil, nil},
		"yes or no":        {`{"message":"Sure?","requestedSchema":{"properties":{}}}`, "y\n", `{"action":"accept","content":{}}`, nil, []string{"Accept? [y/N]"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, shown, err := asked(t, test.params, test.input)
			if !errors.Is(err, test.err) {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(answer); err == nil && string(got) != test.want {
				t.Errorf("got %s", got)
			}
			for _, words := range test.shown {
				if !strings.Contains(shown, words) {
					t.Errorf("%q is not shown:\n%s", words, shown)
				}
			}
		})
	}
}

func TestAMeterKnowsRateAndEnd(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var m meter
	for i := range 11 {
		m.see(tasks.Progress{Done: float64(10 * i), Total: 200}, start.Add(time.Duration(i)*time.Second))
	}
	if got, want := m.numbers(start.Add(10*time.Second)), (numbers{"100/200", "10/s", "ETA 10s"}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	m.see(tasks.Progress{Done: 101, Total: 200, ETA: time.Minute}, start.Add(11*time.Second))
	if left, ok := m.ahead(start.Add(21 * time.Second)); !ok || left != 50*time.Second {
		t.Errorf("the server's word is %s", left)
	}
	m.see(tasks.Progress{Done: 0, Total: 200}, start.Add(12*time.Second))
	if _, ok := m.ahead(start.Add(12 * time.Second)); ok {
		t.Error("an attempt that starts over has the rate of the one before")
	}
	for n, want := range map[float64]string{0: "0", 0.5: "0.5", 420: "420", 12_345: "12.3k", 948_315_600: "948M"} {
		if got := short(n); got != want {
			t.Errorf("%g is %q, want %q", n, got, want)
		}
	}
}

func TestLinesAreWrittenOncePerChange(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	p := &plain{out: &out, now: func() time.Time { return now }}
	see := func(after time.Duration, status tasks.Status, done float64, message string) {
		now = now.Add(after)
		p.show(client.Task{Status: status, Message: message, Progress: tasks.Progress{Done: done, Total: 100}})
	}
	see(0, tasks.Working, 0, "begins")
	see(12*time.Second, tasks.Working, 1, "1%")
	see(12*time.Second, tasks.Working, 1, "1%")
	for range 9 {
		see(100*time.Millisecond, tasks.Working, 2, "ten seconds are over")
		see(100*time.Millisecond, tasks.Working, 3, "a small step")
	}
	see(time.Second, tasks.Working, 7.1, "a large step")
	see(time.Millisecond, tasks.Cancelled, 7.1, "cancelled by the client")
	want := "12:00:00 working begins\n12:00:12 working 1%\n12:00:24 working ten seconds are over\n12:00:26 working a large step\n" +
		"12:00:26 cancelled by the client\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestATableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := &app{out: &out, columns: 60}
	list := []client.Task{
		{ID: "1", Tool: "crawl", Status: tasks.Completed, Message: "the tool reported an error: no such site"},
		{ID: "2", Tool: "crawl", Status: tasks.Working, Message: strings.Repeat("word ", 30)},
		{ID: "3", Tool: "crawl", Status: tasks.Cancelled, Message: "cancelled by the client"},
	}
	if err := a.printTable(list); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{"STATUS", " error ", "…", " by the client"} {
		if n := utf8.RuneCountInString(lines[i]); n > 60 || !strings.Contains(lines[i], want) {
			t.Errorf("%d columns: %q", n, lines[i])
		}
	}
}

func TestThePictureOfATask(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var m meter
	for i := range 5 {
		m.see(tasks.Progress{Done: float64(100 * i), Total: 1000, Message: "page\nnine"}, now.Add(time.Duration(i-4)*time.Second))
	}
	counted := client.Task{Status: tasks.Working, Progress: m.last}
	for width, want := range map[int]string{
		80: "crawl [===========>                ]  40%  400/1000  100/s  ETA 6s  page nine",
		60: "crawl [========>            ]  40%  400/1000  100/s  ETA 6s",
		40: "crawl [====>      ]  40%  100/s  ETA 6s",
		20: "crawl [==>   ]  40%",
	} {
		got := picture("crawl", counted, &m, now, width)
		if n := utf8.RuneCountInString(got); n > width {
			t.Errorf("%d: %d columns: %q", width, n, got)
		}
		if got != want {
			t.Errorf("%d columns:\n%s, want\n%s", width, got, want)
		}
	}
	for width := range 200 {
		for _, task := range []client.Task{counted, {Status: tasks.Working, Message: strings.Repeat("word ", 30)}, {Status: tasks.Working}} {
			if got := picture("crawl", task, &m, now, width); width > 15 && utf8.RuneCountInString(got) > width {
				t.Errorf("%d columns for %q", width, got)
			}
		}
	}
}

func TestABarLeavesALastWord(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newBar(&out, "crawl")
	b.show(client.Task{Status: tasks.Working, Message: "queued"})
	b.clear()
	if strings.Contains(out.String(), "after") {
		t.Errorf("%q", out.String())
	}
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	b.show(client.Task{Status: tasks.Completed, Created: at, Updated: at.Add(83 * time.Second)})
	b.clear()
	if !strings.HasSuffix(out.String(), "crawl: completed after 1m23s\n") {
		t.Errorf("%q", out.String())
	}
}

func TestFlagsMayHaveOneDash(t *testing.T) {
	t.Parallel()
	got := doubleDash([]string{"call", "-json", "--url", "-h", "x=-y", "--", "-json"})
	if diff := cmp.Diff([]string{"call", "--json", "--url", "-h", "x=-y", "--", "-json"}, got); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	_, _ = singleDash{&out}.Write([]byte("  -h, --help   Help.\n      --url=X  See --json.\n"))
	if got, want := out.String(), "  -h, -help    Help.\n      -url=X   See -json.\n"; got != want {
		t.Errorf("%q", got)
	}
}

func TestEveryEndHasItsCode(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		0: nil, codeToolError: errTool, codeUsage: usage("x"), codeEngine: &client.TaskError{}, codeUnreachable: client.ErrUnreachable, codeDetached: errDetached,
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestTokensComeFromWhereTheProfileSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("of a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	a := &app{errs: &said, getenv: func(name string) string { return map[string]string{"SECRET": "of the environment"}[name] }}
	for want, p := range map[string]profile{
		"of a file": {TokenFile: file}, "of the environment": {TokenEnv: "SECRET"}, "itself": {Token: "itself"}, "": {},
	} {
		if got, err := a.token(p); got != want || err != nil {
			t.Errorf("%+v: %q, %v", p, got, err)
		}
	}
	if said.Len() > 0 {
		t.Error(said.String())
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := a.token(profile{TokenFile: file}); err != nil || !regexp.MustCompile(`warning.*chmod 600`).MatchString(said.String()) {
		t.Errorf("%q, %v", said.String(), err)
	}
}

func TestAPromptThatIsNotNeededAnyMoreEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := newLines(r)
	if _, err := l.read(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_ = w.Close()
	for range l.next {
	}
}

func TestAServerThatIsAwayIsTold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	p := &plain{out: &out, now: func() time.Time { return now }}
	refused := &url.Error{Op: "Post", URL: "http://127.0.0.1:1/mcp", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}
	var away trouble
	tell := func(err error) {
		away = away.next(err, now)
		p.trouble(away)
		now = now.Add(time.Second)
	}
	for _, err := range []error{refused, nil, refused, refused, refused, refused} {
		tell(err)
	}
	counted := client.Task{Status: tasks.Working, Progress: tasks.Progress{Done: 1, Total: 10, ETA: time.Minute}}
	b := &bar{name: "slow", task: counted, away: away}
	if got, want := b.picture(now, 80), "slow [>     ]  10%  no contact for 4s: connection refused"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	tell(nil)
	tell(nil)
	if want := "12:00:04 no contact (connection refused): trying again\n12:00:06 the server answers again\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
