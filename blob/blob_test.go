package blob_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/blob"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, url string) *blob.Store {
	t.Helper()
	s, err := blob.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// each runs a test on a directory and on what stands for a bucket.
func each(t *testing.T, test func(t *testing.T, s *blob.Store)) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) { t.Parallel(); test(t, open(t, "file://"+t.TempDir()+"/made?create=true")) })
	t.Run("bucket", func(t *testing.T) { t.Parallel(); test(t, open(t, "mem://")) })
}

func read(t testing.TB, s *blob.Store, key string, offset, length int64) string {
	t.Helper()
	r, err := s.Read(t.Context(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnObjectIsReadBackInParts(t *testing.T) {
	each(t, func(t *testing.T, s *blob.Store) {
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		o, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("one\ntwo\nthree"))
		if err != nil || o.Size != 13 || o.Lines != 3 || !o.Text {
			t.Fatalf("got %+v, %v", o, err)
		}
		for _, c := range []struct {
			offset, length int64
			want           string
		}{{0, -1, "one\ntwo\nthree"}, {4, 3, "two"}, {8, -1, "three"}, {13, -1, ""}, {0, 100, "one\ntwo\nthree"}} {
			if got := read(t, s, o.Key, c.offset, c.length); got != c.want {
				t.Errorf("%d bytes from %d on: got %q, want %q", c.length, c.offset, got, c.want)
			}
		}
	})
}

func TestDeletingLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, "file://"+dir)
	for _, key := range []string{"task-1/1-a/0", "task-1/1-a/1", "task-1/2-b/0", "task-10/1-a/0"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "task-1", "1-a", "half-written"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAll(t.Context(), "task-1/"); err != nil {
		t.Fatal(err)
	}
	var left []string
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		left = append(left, strings.TrimPrefix(path, dir))
		return err
	})
	if got := strings.Join(left, " "); got != " /task-10 /task-10/1-a /task-10/1-a/0" {
		t.Errorf("left: %q", got)
	}
}

func TestObjectsOfOneTaskAreDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *blob.Store) {
		for _, key := range []string{"task-1/1-a/0", "task-1/2-b/0", "task-10/1-a/0"} {
			if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time there is nothing
			if err := s.DeleteAll(t.Context(), "task-1/"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Read(t.Context(), "task-1/2-b/0", 0, -1); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("a deleted object: got %v", err)
		}
		if got := read(t, s, "task-10/1-a/0", 0, -1); got != "x" {
			t.Errorf("another task's: got %q", got)
		}
	})
}

var errBroken = errors.New("broken off")

func TestContentThatBreaksOffIsNoObject(t *testing.T) {
	each(t, func(t *testing.T, s *blob.Store) {
		half := io.MultiReader(strings.NewReader("half"), &failing{})
		if _, err := s.Put(t.Context(), "task-1/1-a/0", half); !errors.Is(err, errBroken) || errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("got %v, want the reader's own error", err)
		}
		if _, err := s.Read(t.Context(), "task-1/1-a/0", 0, -1); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("half an object can be read: %v", err)
		}
	})
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errBroken }

func TestADirectoryThatIsGoneIsUnavailable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	s := open(t, "file://"+dir+"?create=true")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("x")); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "write an object: ") {
		t.Errorf("check: got %v", err)
	}
}

func TestBadURLs(t *testing.T) {
	t.Parallel()
	const usage = "write file:///directory (one that all processes share), s3://bucket?region=…, gs://bucket or azblob://container"
	for url, want := range map[string]string{
		"":                               `"": ` + usage,
		"/var/lib/x":                     `"/var/lib/x": ` + usage,
		"http://x/y":                     `"http://x/y": ` + usage,
		"file://host/x":                  "file://host/x: write file:// and an absolute path, with nothing after it but ?create=true: file:///var/lib/longhaul",
		"file:relative":                  "file://: write file:// and an absolute path, with nothing after it but ?create=true: file:///var/lib/longhaul",
		"file:///x?metadata":             "file:///x: write file:// and an absolute path, with nothing after it but ?create=true: file:///var/lib/longhaul",
		"s3://":                          "s3:// names no bucket: " + usage,
		"gs:bucket":                      "gs:// names no bucket: " + usage,
		"file:///dev/null/x":             "file:///dev/null/x: stat /dev/null/x: not a directory",
		"file:///dev/null/x?create=true": "file:///dev/null/x: mkdir /dev/null: not a directory",
		"file:///no/such/directory":      "file:///no/such/directory: there is no such directory: mount or make it, or write file:///no/such/directory?create=true",
		"file:///x?create=yes":           "file:///x: write file:// and an absolute path, with nothing after it but ?create=true: file:///var/lib/longhaul",
		"%":                              "it is no URL: " + usage,
	} {
		_, err := blob.Open(t.Context(), url)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", url, err, want)
		}
	}
}

// lineStart is where a line begins, found with all of the text at hand.
func lineStart(text []byte, line int64) int64 {
	at := 0
	for range line {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	return int64(at)
}

func TestLinesAreFoundFromTheMarks(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 2))
	for text.Len() < 3*blob.Stride {
		n := rng.IntN(1 << 12)
		if rng.IntN(500) == 0 {
			n = 20 << 20 // a line with a mark within
		}
		text.Write(bytes.Repeat([]byte{'x'}, n))
		text.WriteByte('\n')
	}
	var f blob.Former
	for rest := text.Bytes(); len(rest) > 0; {
		n := min(len(rest), 1+rng.IntN(1<<20))
		_, _ = f.Write(rest[:n])
		rest = rest[n:]
	}
	form := f.Form()
	if form.Size != int64(text.Len()) || form.Lines != int64(bytes.Count(text.Bytes(), []byte{'\n'})) || len(form.Marks) != text.Len()/blob.Stride {
		t.Fatalf("got %d bytes, %d lines, %d marks", form.Size, form.Lines, len(form.Marks))
	}
	for range 200 {
		line := rng.Int64N(form.Lines)
		offset, skip := form.Find(line)
		if got, want := offset+lineStart(text.Bytes()[offset:], skip), lineStart(text.Bytes(), line); got != want || want-offset > 40<<20 {
			t.Fatalf("line %d: found at %d, is at %d; reading begins at %d", line, got, want, offset)
		}
	}
}

func TestWhatIsText(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"": true, "plain": true, "häßlich 日本 🎉": true, "a\x00b": false, "a\x00é": false, "\xff\xfe": false, "cut \xe6\x97": false, "\xe6\x97x": false, "🎉": true,
	} {
		for size := 1; size <= len(content)+1; size++ { // however it is cut
			var f blob.Former
			for rest := []byte(content); len(rest) > 0; {
				n := min(size, len(rest))
				_, _ = f.Write(rest[:n])
				rest = rest[n:]
			}
			if got := f.Form(); got.Text != want || got.Size != int64(len(content)) {
				t.Errorf("%q in pieces of %d: got %+v, want text: %t", content, size, got, want)
			}
		}
	}
}
