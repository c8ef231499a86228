package loganalysis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

var errKilled = errors.New("killed")

// killedAt is an attempt that ends with its nth checkpoint; kept says whether that one still is, or was cut off on its way.
// It may be done before.
func killedAt(t testing.TB, p loganalysis.Pace, n int, kept bool, before json.RawMessage, root string) (*notebook, string, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	nb := &notebook{kept: before}
	nb.onRemember = func(i int) error {
		if i < n {
			return nil
		}
		cancel(errKilled)
		if kept && i == n {
			return nil
		}
		return errKilled
	}
	doc, err := attempt(t, ctx, p, nb, nil, root)
	if err != nil && !errors.Is(err, errKilled) {
		t.Fatalf("ended by %v", err)
	}
	return nb, doc, err
}

// whole is the result of an attempt that nothing disturbs.
func whole(t testing.TB, segment int64, root string) string {
	t.Helper()
	doc, err := attempt(t, t.Context(), loganalysis.Lazy(segment), &notebook{}, nil, root)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// corpus is a directory of logs with something of its own to resume.
type corpus struct {
	segment          int64
	segments, stride int // there are about so many; it is killed in every stride-th
	fill             func(t testing.TB, dir string)
}

var corpora = map[string]corpus{
	"one file": {segment: 16 << 10, segments: 16, stride: 1, fill: func(t testing.TB, dir string) {
		write(t, dir, "a.log", accesses(t))
	}},
	"some files": {segment: 32 << 10, segments: 44, stride: 9, fill: func(t testing.TB, dir string) {
		access, auth := accesses(t), string(sampleText(t, "openssh_auth.log"))
		for i := range 3 {
			write(t, dir, fmt.Sprintf("access%d.log", i), access+strings.Repeat(ok, i))
			write(t, dir, fmt.Sprintf("auth%d.log", i), auth[:100_000]+"\n"+login)
		}
		write(t, dir, "empty.log", "")
		write(t, dir, "notes.txt", strings.Repeat("prose\n", 40_000))
	}},
	"lines longer than segments": {segment: 30_000, segments: 120, stride: 29, fill: func(t testing.TB, dir string) {
		long, short := strings.Repeat("x", 9<<17), strings.Repeat(`{"level":"error","msg":"no end","ts":1431820800}`+"\n", 1_000)
		write(t, dir, "a.json", long+"\n"+short+long+"\n\n"+short+`{"msg":"cut"}`)
		write(t, dir, "b.json", short+long)
		write(t, dir, "c.log", strings.Repeat("\n", 70_000)+ok)
	}},
	"gzip": {segment: 32 << 10, segments: 27, stride: 6, fill: func(t testing.TB, dir string) {
		access := accesses(t)
		for i := range 3 {
			write(t, dir, fmt.Sprintf("%d.log.gz", 2*i), string(pack(t, access)))
			write(t, dir, fmt.Sprintf("%d.log", 2*i+1), access)
		}
	}},
	"estimates": {segment: 1 << 20, segments: 9, stride: 6, fill: func(t testing.TB, dir string) {
		for i := range 3 {
			write(t, dir, fmt.Sprintf("%d.log", i), longRequests(i*4_500, 5_000))
		}
	}},
}

// accesses is the beginning of a real log.
func accesses(t testing.TB) string {
	text := sampleText(t, "apache_access.log.gz")[:250_000]
	return string(text[:bytes.LastIndexByte(text, '\n')+1])
}

// longRequests is n lines of user agents so long that nine thousand lines fill a counter; every tenth is one of four.
func longRequests(from, n int) string {
	var b strings.Builder
	long := strings.Repeat("x", 500)
	for i := from; i < from+n; i++ {
		agent := fmt.Sprint(i)
		if i%10 == 0 {
			agent = fmt.Sprint("frequent", i/10%4)
		}
		fmt.Fprintf(&b, "10.0.%d.%d - - [17/May/2015:10:05:03 +0000] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"%s%s\"\n", i>>8&255, i&255, i, agent, long)
	}
	return b.String()
}

func TestResumedResultIsThatOfAnUndisturbedAttempt(t *testing.T) {
	t.Parallel()
	for name, c := range corpora {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			c.fill(t, root)
			want := whole(t, c.segment, root)
			if estimates := strings.Contains(want, `"exact":false`); estimates != (name == "estimates") {
				t.Fatalf("estimates: %v", estimates)
			}
			killed := 0
			for n := 1; n <= c.segments; n += c.stride {
				for _, kept := range []bool{true, false} {
					first, got, err := killedAt(t, loganalysis.Eager(c.segment), n, kept, nil, root)
					if err != nil {
						killed++
						got = goOn(t, c.segment, root, first.kept)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("killed at checkpoint %d (-want +got):\n%s", n, diff)
					}
				}
			}
			if killed < 2*(c.segments/c.stride-1) {
				t.Errorf("%d attempts were killed", killed)
			}
		})
	}
}

// Wherever segments end, each line is in one.
func TestSegmentsHaveEachLineOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "a.log", strings.Repeat(ok+strings.Repeat("\n", len(ok)), 50)+ok)
	want := whole(t, 1<<20, root)
	for n := range int64(len(ok)) + 3 {
		if diff := cmp.Diff(want, whole(t, 5*int64(len(ok))+n, root)); diff != "" {
			t.Fatalf("segments of %d lines and %d bytes (-want +got):\n%s", 5, n, diff)
		}
	}
}

// What is said of a file is of all its segments, whichever attempt read them: also what only lines far behind its beginning show.
func TestFileIsOfAllItsSegments(t *testing.T) {
	t.Parallel()
	root, short := t.TempDir(), strings.Replace(ok, ` "-" "curl"`, "", 1)
	later, earlier := strings.Replace(ok, "17/May", "18/May", 1), strings.Replace(short, "17/May", "16/May", 1)
	write(t, root, "a.log", strings.Repeat(short, 100)+strings.Repeat(later, 20)+strings.Repeat(earlier, 20))
	want := whole(t, 1<<20, root)
	for _, n := range []int{10, 29, 34} { // in lines of each kind
		first, _, err := killedAt(t, loganalysis.Eager(250), n, true, nil, root)
		if err == nil {
			t.Fatal("it was not killed")
		}
		if diff := cmp.Diff(want, goOn(t, 250, root, first.kept)); diff != "" {
			t.Errorf("killed at checkpoint %d (-want +got):\n%s", n, diff)
		}
	}
}

// goOn sees that the second attempt begins where the checkpoint is.
func goOn(t *testing.T, segment int64, root string, kept json.RawMessage) string {
	t.Helper()
	nb := &notebook{kept: kept}
	doc, err := attempt(t, t.Context(), loganalysis.Lazy(segment), nb, nil, root)
	if err != nil {
		t.Fatal(err)
	}
	if kept == nil {
		return doc
	}
	spared := loganalysis.Spared(kept)
	for i, p := range nb.reports {
		if p.Done < float64(spared) || p.Done > p.Total || !strings.Contains(p.Message, "resumed at") {
			t.Errorf("report %d: %+v; the checkpoint has %d", i, p, spared)
		}
	}
	if last := nb.reports[len(nb.reports)-1]; last.Done != last.Total { // more, if it had read again what it was spared
		t.Errorf("the last report is %+v", last)
	}
	if spared == 0 || len(nb.logged) != 1 || !strings.HasPrefix(nb.logged[0], "resumes at ") {
		t.Errorf("%d bytes spared, logged %q", spared, nb.logged)
	}
	return doc
}

// Each attempt gets one checkpoint further.
func TestManyAttempts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"some files", "lines longer than segments", "gzip"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, c := t.TempDir(), corpora[name]
			c.segment *= 3
			c.fill(t, root)
			var kept json.RawMessage
			attempts := 1
			for ; ; attempts++ {
				nb, doc, err := killedAt(t, loganalysis.Eager(c.segment), 1, true, kept, root)
				if err == nil {
					if diff := cmp.Diff(whole(t, c.segment, root), doc); diff != "" {
						t.Errorf("after %d attempts (-want +got):\n%s", attempts, diff)
					}
					break
				}
				if loganalysis.Spared(nb.kept) <= loganalysis.Spared(kept) {
					t.Fatalf("a checkpoint of %d bytes after one of %d; %d writes, %q, %v", loganalysis.Spared(nb.kept), loganalysis.Spared(kept), nb.writes, nb.logged, err)
				}
				kept = nb.kept
			}
			if attempts < 5 {
				t.Errorf("%d attempts", attempts)
			}
		})
	}
}

// Files may change between two attempts. What was read of one counts only if it is still there; one that grew is read as far as
// the first attempt would have.
func TestFilesThatChange(t *testing.T) {
	t.Parallel()
	text := string(sampleText(t, "openssh_auth.log")) + "\n" // has its year from the file's time
	for name, c := range map[string]struct {
		change  func(t *testing.T, path string)
		resumes bool // for the file that comes first: the result is as if nothing had happened
	}{
		"grown":            {func(t *testing.T, path string) { appendTo(t, path, text) }, true},
		"another was made": {func(t *testing.T, path string) { write(t, filepath.Dir(path), "0.log", ok) }, true},
		"touched": {func(t *testing.T, path string) {
			if err := os.Chtimes(path, time.Time{}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}, false},
		"cut": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 1000); err != nil {
				t.Fatal(err)
			}
			age(t, path)
		}, false},
		"cut and longer again": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
			appendTo(t, path, login+text+text)
		}, false},
		"cut in its middle and longer again": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 8<<10); err != nil { // its first bytes stay
				t.Fatal(err)
			}
			appendTo(t, path, "\n"+login+text+text)
		}, false},
		"rotated": {func(t *testing.T, path string) {
			rename(t, path, path+".1")
			write(t, filepath.Dir(path), filepath.Base(path), text[:len(text)/2]+text[:len(text)/2])
		}, false},
		"gone": {func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const segment = 25 << 10
			for _, n := range []int{3, 15, 25} { // within the first file, the second and the third
				root := t.TempDir()
				for _, f := range []string{"a.log", "b.log", "c.log"} {
					write(t, root, f, text)
				}
				first, _, err := killedAt(t, loganalysis.Eager(segment), n, true, nil, root)
				if err == nil {
					t.Fatal("it was not killed")
				}
				want := whole(t, segment, root)
				c.change(t, filepath.Join(root, "a.log"))
				if !c.resumes {
					want = whole(t, segment, root)
				}
				nb := &notebook{kept: first.kept}
				got, err := attempt(t, t.Context(), loganalysis.Lazy(segment), nb, nil, root)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("after checkpoint %d (-want +got):\n%s", n, diff)
				}
				if begins := strings.HasPrefix(nb.logged[0], "begins anew: a.log "); begins == c.resumes {
					t.Errorf("logged %q", nb.logged)
				}
			}
		})
	}
}

// A file that nothing was read of yet does not cost what was read of others.
func TestLaterFilesMayChange(t *testing.T) {
	t.Parallel()
	const segment = 25 << 10
	root, text := t.TempDir(), accesses(t)
	write(t, root, "a.log", text)
	write(t, root, "b.log", text)
	first, _, err := killedAt(t, loganalysis.Eager(segment), 3, true, nil, root)
	if err == nil {
		t.Fatal("it was not killed")
	}
	rename(t, filepath.Join(root, "b.log"), filepath.Join(root, "z.txt"))
	write(t, root, "b.log", text+text) // no part of it was read: all of it counts
	got := goOn(t, segment, root, first.kept)
	if err := os.Remove(filepath.Join(root, "z.txt")); err != nil { // it was not there when the first attempt began
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(t, segment, root), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// What does not fit this version is as good as none.
func TestOtherCheckpointsAreIgnored(t *testing.T) {
	t.Parallel()
	const segment = 16 << 10
	root := t.TempDir()
	corpora["one file"].fill(t, root)
	first, _, err := killedAt(t, loganalysis.Eager(segment), 5, true, nil, root)
	if err == nil {
		t.Fatal("it was not killed")
	}
	want, mine := whole(t, segment, root), string(first.kept)
	for name, doc := range map[string]string{
		"version": strings.Replace(mine, `"version":2`, `"version":3`, 1), "kind": `"text"`, "null": `null`, "list": `[1]`,
		"no gzip": strings.Replace(mine, `"state":"H4s`, `"state":"H4t`, 1), "no base64": strings.Replace(mine, `"state":"H`, `"state":"!`, 1),
		"a bit": mine[:len(mine)/2] + "AAAAAAAA" + mine[len(mine)/2+8:], "empty": `{"version":2}`,
	} {
		if doc == mine {
			t.Fatalf("%s: nothing replaced", name)
		}
		nb := &notebook{kept: json.RawMessage(doc)}
		got, err := attempt(t, t.Context(), loganalysis.Lazy(segment), nb, nil, root)
		if err != nil || got != want || !strings.HasPrefix(nb.logged[0], "begins anew: the checkpoint ") {
			t.Errorf("%s: %v, equal %v, logged %q", name, err, got == want, nb.logged)
		}
	}
}

// A memory that is full or broken costs a warning.
func TestCheckpointsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	const segment = 16 << 10
	root := t.TempDir()
	corpora["one file"].fill(t, root)
	nb := &notebook{onRemember: func(int) error { return errKilled }}
	doc, err := attempt(t, t.Context(), loganalysis.Eager(segment), nb, nil, root)
	if err != nil || doc != whole(t, segment, root) {
		t.Errorf("%v, or another result", err)
	}
	if nb.writes < 2 || len(nb.logged) != 1 || nb.logged[0] != "no checkpoint: killed" {
		t.Errorf("%d writes, logged %q", nb.writes, nb.logged)
	}
}

// Told to stop, it leaves a checkpoint and stops at once.
func TestDraining(t *testing.T) {
	t.Parallel()
	const segment = 64 << 10
	root := t.TempDir()
	write(t, root, "a.log", strings.Repeat(string(sampleText(t, "apache_access.log.gz")), 2))
	draining := make(chan struct{})
	nb := &notebook{}
	tell := sync.OnceFunc(func() { draining <- struct{}{} }) // returns when somebody knows
	nb.onReport = func() {
		if nb.reports[len(nb.reports)-1].Done > 1<<20 {
			tell()
		}
	}
	_, err := attempt(t, t.Context(), loganalysis.Lazy(segment), nb, draining, root)
	if !errors.Is(err, tasks.ErrDraining) || nb.writes != 1 || loganalysis.Spared(nb.kept) < 1<<19 {
		t.Errorf("%v, %d checkpoints, the last has %d bytes", err, nb.writes, loganalysis.Spared(nb.kept))
	}
	if goOn(t, segment, root, nb.kept) != whole(t, segment, root) {
		t.Error("another result")
	}
}
