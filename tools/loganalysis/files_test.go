package loganalysis_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

// refusal is the error of a call that another attempt cannot mend.
func refusal(t *testing.T, root, path string) string {
	t.Helper()
	_, err := call(t, t.Context(), &recorder{}, root, loganalysis.In{Path: path})
	if err == nil {
		t.Fatalf("%q was analyzed", path)
	}
	if permanent, _ := tasks.RetryAdvice(err); !permanent {
		t.Errorf("%q: not permanent: %v", path, err)
	}
	return err.Error()
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// tree is a root with files and links, beside a directory that must stay out of reach.
func tree(t *testing.T) (root, outside string) {
	base := t.TempDir()
	root, outside = filepath.Join(base, "root"), filepath.Join(base, "outside")
	write(t, root, "a.log", ok)
	write(t, root, "sub/b.log", ok)
	write(t, root, "sub/[c].log", ok)
	write(t, outside, "secret.log", ok)
	link(t, "a.log", filepath.Join(root, "current.log"))
	link(t, "../a.log", filepath.Join(root, "sub", "up.log"))
	link(t, "sub", filepath.Join(root, "linked"))
	link(t, "../outside/secret.log", filepath.Join(root, "leak.log"))
	link(t, filepath.Join(outside, "secret.log"), filepath.Join(root, "leak2.log"))
	link(t, "../outside/none.log", filepath.Join(root, "leak3.log"))
	link(t, outside, filepath.Join(root, "leakdir"))
	link(t, ".", filepath.Join(root, "sub", "cycle"))
	return root, outside
}

func TestSelection(t *testing.T) {
	t.Parallel()
	root, _ := tree(t)
	for path, want := range map[string][]string{
		"a.log":                          {"a.log"},
		"./sub/../a.log":                 {"a.log"},
		filepath.Join(root, "a.log"):     {"a.log"},
		filepath.Join(root, "sub/*.log"): {"sub/[c].log", "sub/b.log", "sub/up.log"},
		"current.log":                    {"current.log"},
		"sub/up.log":                     {"sub/up.log"},
		"sub/[c].log":                    {"sub/[c].log"},
		"sub/[b].log":                    {"sub/b.log"},
		"linked/b.log":                   {"linked/b.log"},
		"linked":                         {"linked/[c].log", "linked/b.log", "linked/up.log"},
		".":                              {"a.log", "sub/[c].log", "sub/b.log"},
		"*":                              {"a.log", "linked/[c].log", "linked/b.log"},
		root:                             {"a.log", "sub/[c].log", "sub/b.log"},
		"*/*.log":                        {"linked/[c].log", "linked/b.log", "linked/up.log"},
	} {
		var got []string
		for _, f := range analyze(t, root, path).Files {
			got = append(got, f.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// Nothing outside is read, and the answer does not depend on what is there.
func TestNothingOutsideTheRoots(t *testing.T) {
	t.Parallel()
	root, outside := tree(t)
	for _, path := range []string{
		"../outside/secret.log", "../outside/none.log", "sub/../../outside/secret.log", "leak.log", "leak2.log", "leak3.log", "leakdir", "leakdir/*",
		"leakdir/secret.log", "leakdir/none.log", "../*/*.log", "*/../../outside/*.log", "leak*", "none.log", "none/*.log",
		filepath.Join(outside, "secret.log"), filepath.Join(outside, "none.log"), filepath.Join(outside, "*"), "/etc/passwd", "/", "..", root + "/../outside/secret.log",
		root + "x/a.log", "a.log\x00", "a.log/x",
	} {
		want := fmt.Sprintf("no file matches %q; use a path inside the readable roots, which are: %s", path, root)
		if got := refusal(t, root, path); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	packed := pack(t, strings.Repeat(ok, 1000))
	write(t, dir, "cut.gz", string(packed[:len(packed)/2]))
	write(t, dir, "header.gz", "\x1f\x8b")
	write(t, dir, "sum.gz", string(packed[:len(packed)-8])+"01234567")
	write(t, dir, "empty.log", "")
	write(t, dir, "empty.gz", string(pack(t, "")))
	write(t, dir, "readme.txt", "not a log\n")
	for path, want := range map[string]string{
		"":           "path is empty",
		"[":          "malformed",
		"cut.gz":     "read cut.gz: its gzip data is damaged or cut short",
		"header.gz":  "read header.gz: its gzip data is damaged or cut short",
		"sum.gz":     "read sum.gz: its gzip data is damaged or cut short",
		"empty.log":  `what "empty.log" names is empty`,
		"empty*":     "is empty (2 files)",
		"readme.txt": "readme.txt is in no format this tool knows",
	} {
		if got := refusal(t, dir, path); !strings.Contains(got, want) {
			t.Errorf("%q: got %s", path, got)
		}
	}
	if _, err := call(t, t.Context(), &recorder{}, dir, loganalysis.In{Path: "x", Top: 101}); err == nil {
		t.Error("top 101 was accepted")
	}
}

func TestTooManyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 10_001 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := refusal(t, dir, "."); !strings.Contains(got, "more than 10000 files match") {
		t.Error(got)
	}
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzipOfSeveralMembers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	half := len(ok) / 2 // members need not end with a line
	write(t, dir, "x", string(pack(t, ok+ok[:half]))+string(pack(t, ok[half:]+ok)))
	if r := analyze(t, dir, "x"); r.Lines != 3 || r.Unparsed != 0 || r.Bytes != int64(3*len(ok)) {
		t.Errorf("%d lines, %d unparsed, %d bytes", r.Lines, r.Unparsed, r.Bytes)
	}
}

func TestUnknownAndEmptyFilesAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.log", ok)
	write(t, dir, "empty.log", "")
	write(t, dir, "notes.txt", strings.Repeat("prose\n", 500_000))
	r := analyze(t, dir, ".")
	if diff := cmp.Diff(map[string]int64{"combined": 1, "empty": 1, "unknown": 1}, r.Formats); diff != "" {
		t.Error(diff)
	}
	if r.Lines != 1 || !strings.Contains(strings.Join(r.Notes, ""), "notes.txt") {
		t.Errorf("%d lines, notes %q", r.Lines, r.Notes)
	}
}

var errStop = errors.New("stop")

func TestCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := strings.Repeat(ok, 200_000)
	write(t, dir, "a.log", big)
	write(t, dir, "b.log.gz", string(pack(t, big)))
	ctx, cancel := context.WithCancelCause(t.Context())
	rt := &recorder{onReport: func() { cancel(errStop) }}
	if _, err := call(t, ctx, rt, dir, loganalysis.In{Path: "."}); !errors.Is(err, errStop) {
		t.Errorf("got %v", err)
	}
	if n := len(rt.reports); n != 1 {
		t.Errorf("%d reports: it went on", n)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.log", "b.log"} {
		write(t, dir, name, strings.Repeat(ok, 100_000))
	}
	write(t, dir, "c.log.gz", string(pack(t, strings.Repeat(ok, 100_000))))
	write(t, dir, "prose", strings.Repeat("prose\n", 500_000)) // counts as done although most of it is left out
	rt := &recorder{}
	if _, err := call(t, t.Context(), rt, dir, loganalysis.In{Path: "."}); err != nil {
		t.Fatal(err)
	}
	last := rt.reports[len(rt.reports)-1]
	if last.Done != last.Total || last.ETA != 0 || !strings.HasPrefix(last.Message, "4 files read · ") {
		t.Errorf("the last report is %+v", last)
	}
	for i, p := range rt.reports[1:] {
		if p.Done < rt.reports[i].Done || p.Done > p.Total {
			t.Errorf("%v after %v of %v", p.Done, rt.reports[i].Done, p.Total)
		}
	}
}

// Whatever reader is faster, the report is the same, estimates included.
func TestReportDoesNotDependOnSpeed(t *testing.T) { // not parallel: it changes GOMAXPROCS
	dir := t.TempDir()
	for i := range 4 {
		write(t, dir, fmt.Sprintf("%d.log", i), longRequests(i*4_000, 5_000))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := analyze(t, dir, ".")
	if want.Agents.Exact {
		t.Fatal("nothing is estimated")
	}
	for _, n := range []int{2, 4} {
		runtime.GOMAXPROCS(n)
		if diff := cmp.Diff(want, analyze(t, dir, ".")); diff != "" {
			t.Fatalf("with %d readers (-want +got):\n%s", n, diff)
		}
	}
}
