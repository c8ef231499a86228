package command_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

func TestDrawing(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", command.MaxDrawn)
	for name, test := range map[string]struct {
		pieces []string
		shown  string
		drawn  []string
	}{
		"nothing is drawn":            {[]string{"a\nb", "c\n\nd"}, "a\nbc\n\nd", nil},
		"lines of Windows":            {[]string{"a\r\nb\r", "\nc\r\r\n"}, "a\r\nb\r\nc\r\r\n", nil},
		"a bar that ends its drawing": {[]string{"10%\r", "20%\r", "done\nnext\n"}, "done\nnext\n", []string{"20%"}},
		"a bar that begins it":        {[]string{"\r10%", "\r20% ", "\n"}, "20% \n", []string{"10%", "20%"}},
		"several in a piece":          {[]string{"1\r2\r3", "4"}, "34", []string{"3", "34"}},
		"one that is wiped out":       {[]string{"1\r2", "\r  \r", "end\n"}, "end\n", []string{"2"}},
		"the line after it is none":   {[]string{"1\r2\n", "3", "4\n"}, "2\n34\n", nil},
		"the last line":               {[]string{"1\r", "2\r"}, "2\r", []string{"2"}},
		"too long for one":            {[]string{long + "x\rmore", "\rof it\n1\r2\n"}, long + "x\rmore\rof it\n2\n", nil},
		"just not too long":           {[]string{long + "\n" + long[1:] + "\r2\n"}, long + "\n2\n", nil},
	} {
		var pieces [][]byte
		for _, p := range test.pieces {
			pieces = append(pieces, []byte(p))
		}
		shown, drawn := command.Draw(pieces...)
		if diff := cmp.Diff(test.shown, shown); diff != "" {
			t.Errorf("%s: shown: %s", name, diff)
		}
		if diff := cmp.Diff(test.drawn, drawn); diff != "" {
			t.Errorf("%s: drawn: %s", name, diff)
		}
	}
}

// However text is cut into pieces the same of it is shown, and what has no carriage returns is shown as it is.
func FuzzDrawing(f *testing.F) {
	f.Add([]byte("1\r2\r\n\r3\r\r4\n\n5\r"), uint8(1))
	f.Add([]byte(strings.Repeat("long ", command.MaxDrawn/5)+"\rer\r\n"), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var pieces [][]byte
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+int(size))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		whole, _ := command.Draw(text)
		if cut, _ := command.Draw(pieces...); cut != whole {
			t.Errorf("%q is shown, in pieces %q", whole, cut)
		}
		plain := bytes.ReplaceAll(text, []byte("\r"), nil)
		if shown, drawn := command.Draw(plain); shown != string(plain) || drawn != nil {
			t.Errorf("of %q without a carriage return %q is shown and %q drawn", plain, shown, drawn)
		}
	})
}

func TestWhatAProgramDrawsIsItsProgress(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{">&1", ">&2"} {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			rt := newClient()
			res := done(t, shell(`for i in 1 50 100; do printf '\rcopied %d%%' $i; done `+stream), rt, `{}`)
			want := tasks.Progress{Message: "copied 100%"}
			if n := len(rt.reports); n < 1 || rt.reports[n-1] != want {
				t.Errorf("progress: %+v", rt.reports)
			}
			heard := texts(res)
			if stream == ">&2" {
				heard = strings.TrimPrefix(rt.said(), "INFO ")
			}
			if diff := cmp.Diff("copied 100%", heard); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What counts of a bar is what was drawn last, when a program fails, too.
func TestAFailureShowsWhatWasDrawnLast(t *testing.T) {
	t.Parallel()
	err := failing(t, shell(`printf '1%%\r2%%\r3%%\nno space left\n' >&2; exit 1`), `{}`)
	if got, want := err.Error(), "The end of what it said:\n3%\nno space left"; !strings.HasSuffix(got, want) {
		t.Errorf("%q does not end with %q", got, want)
	}
}

// A program that tells its progress knows better than what it has others draw.
func TestADrawingDoesNotReplaceMessages(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`echo '{"progress":1,"total":2}'; printf '1%%\r2%%'`), rt, `{}`)
	if diff := cmp.Diff([]tasks.Progress{{Done: 1, Total: 2}}, rt.reports); diff != "" {
		t.Error(diff)
	}
}

// All of an output that is mostly drawn over can be read where somebody keeps it.
func TestAllThatWasDrawnIsKept(t *testing.T) {
	t.Parallel()
	rt := shelf{client: newClient(), held: make(map[string]string)}
	tool := registered(t, rigged(t, shell(`i=0; while [ $i -lt 20000 ]; do printf '\r%d copied' $i; i=$((i+1)); done; echo`)))
	res, err := attempt(t.Context(), tool, rt, tasks.NewID(0), `{}`)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, texts(res), "19999 copied")
	if strings.Contains(texts(res), "copied\r") {
		t.Errorf("the result has what was drawn over: %.200q", texts(res))
	}
	if got := strings.Count(rt.held["output.txt"], "\r"); got != 20000 {
		t.Errorf("%d drawings were kept: %.200q", got, rt.held["output.txt"])
	}
}

// Lines that end in bare carriage returns look like a drawing, and may be data: nothing of them is lost without a word.
func TestShortOutputThatWasDrawnOverIsKept(t *testing.T) {
	t.Parallel()
	rt := shelf{client: newClient(), held: make(map[string]string)}
	tool := registered(t, rigged(t, shell(`printf 'a,1\rb,2\rc,3'`)))
	if _, err := attempt(t.Context(), tool, rt, tasks.NewID(0), `{}`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"output.txt": "a,1\rb,2\rc,3"}, rt.held); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyOutputThatWasDrawnOverIsKept(t *testing.T) {
	t.Parallel()
	for _, script := range []string{`printf 'a\r\nb\r\n'`, `printf '\rwhole'`, `printf '1%%\r2%%' >&2`} {
		rt := shelf{client: newClient(), held: make(map[string]string)}
		if _, err := attempt(t.Context(), registered(t, rigged(t, shell(script))), rt, tasks.NewID(0), `{}`); err != nil {
			t.Fatal(err)
		}
		if len(rt.held) > 0 {
			t.Errorf("of %s is kept: %q", script, rt.held)
		}
	}
}

func TestWhereNothingIsKeptWhatWasDrawnOverIsTold(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`printf 'a,1\rb,2\rc,3'`), rt, `{}`)
	want := "INFO 6 bytes of the program's output were drawn over with carriage returns and are lost: this worker has no blob store (-blob)"
	if diff := cmp.Diff(want, rt.said()); diff != "" {
		t.Error(diff)
	}
}

func TestProgressHasNoEscapesOfTerminals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x1b[2K\x1b[1;32m10%\x1b[0m of\ta": "10% of a",
		"\x1b]0;title\x07copied":            "copied",
		"\x1b]0;title\x1b\\copied":          "copied",
		"\x1b(B\x1b7copied\x1b8":            "copied",
		"a\bb\x00\x7f\u009bc":               "abc",
		"cut in two \x1b[1":                 "cut in two",
		"\x1b[2K\r":                         "",
		"Größe [2K] ✓":                      "Größe [2K] ✓",
	} {
		if got := command.Legible([]byte(text)); got != want {
			t.Errorf("%q is told as %q, not as %q", text, got, want)
		}
	}
	rt := newClient()
	done(t, shell(`printf '1%%\r\033[2K\033[32m2%%\033[0m'; printf '\r\033[2K'`), rt, `{}`)
	for _, p := range rt.reports {
		if p.Message != "1%" && p.Message != "2%" {
			t.Errorf("progress: %q", p.Message)
		}
	}
}
