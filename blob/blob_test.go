package blob_test

import (
	"bytes"
	"context"
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
	"github.com/longhaul-mcp/longhaul/e2e/cloud"
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

// TestStores runs what every store promises on each kind of them: a directory, what stands for a bucket, and the clouds' own protocols.
func TestStores(t *testing.T) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) { t.Parallel(); keepsPromises(t, open(t, "file://"+t.TempDir()+"/made?create=true")) })
	t.Run("memory", func(t *testing.T) { t.Parallel(); keepsPromises(t, open(t, "mem://")) })
	cloud.Each(t, func(t *testing.T, c *cloud.Cloud) { keepsPromises(t, openCloud(t, c)) })
}

func keepsPromises(t *testing.T, s *blob.Store) {
	for name, test := range map[string]func(t *testing.T, s *blob.Store){
		"an object is read back in parts":         readInParts,
		"a large object is, too":                  largeInParts,
		"an object may be empty":                  emptyObject,
		"objects of one task are deleted":         deletedByTask,
		"content that breaks off is no object":    brokenOff,
		"a write whose context ends is no object": endedContext,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
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

func readInParts(t *testing.T, s *blob.Store) {
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := s.Put(t.Context(), "parts/1-a/0", strings.NewReader("one\ntwo\nthree"))
	if err != nil || o.Size != 13 || o.Lines != 3 || !o.Text {
		t.Fatalf("got %+v, %v", o, err)
	}
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, -1, "one\ntwo\nthree"}, {4, 3, "two"}, {8, -1, "three"}, {13, -1, ""}, {13, 0, ""}, {4, 0, ""}, {0, 100, "one\ntwo\nthree"}} {
		if got := read(t, s, o.Key, c.offset, c.length); got != c.want {
			t.Errorf("%d bytes from %d on: got %q, want %q", c.length, c.offset, got, c.want)
		}
	}
}

// large is what no SDK sends in one request.
const large = 20 << 20

func largeInParts(t *testing.T, s *blob.Store) {
	line := strings.Repeat("x", 63) + "\n"
	o, err := s.Put(t.Context(), "large/1-a/0", strings.NewReader(strings.Repeat(line, large/64)))
	if err != nil || o.Size != large || o.Lines != large/64 {
		t.Fatalf("got %d bytes, %d lines, %v", o.Size, o.Lines, err)
	}
	for _, c := range [][2]int64{{0, 64}, {large - 64, -1}, {large - 64, 1000}, {blob.Stride, 64}, {blob.Stride - 64, 64}} {
		if got := read(t, s, o.Key, c[0], c[1]); got != line {
			t.Errorf("%d bytes from %d on: got %.100q", c[1], c[0], got)
		}
	}
	if got := read(t, s, o.Key, 64, -1); len(got) != large-64 {
		t.Errorf("all but a line: got %d bytes", len(got))
	}
}

func emptyObject(t *testing.T, s *blob.Store) {
	o, err := s.Put(t.Context(), "empty/1-a/0", strings.NewReader(""))
	if err != nil || o.Size != 0 || !o.Text {
		t.Fatalf("got %+v, %v", o, err)
	}
	for _, length := range []int64{-1, 0, 100} {
		if got := read(t, s, o.Key, 0, length); got != "" {
			t.Errorf("%d bytes: got %q", length, got)
		}
	}
	if _, err := s.Read(t.Context(), "empty/1-a/1", 0, 0); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("nothing of an object that is not there: got %v", err)
	}
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

func deletedByTask(t *testing.T, s *blob.Store) {
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
}

var errBroken = errors.New("broken off")

func brokenOff(t *testing.T, s *blob.Store) {
	for _, size := range []int{0, 4, large} {
		half := io.MultiReader(strings.NewReader(strings.Repeat("x", size)), &failing{})
		if _, err := s.Put(t.Context(), "half/1-a/0", half); !errors.Is(err, errBroken) || errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("after %d bytes: got %v, want the reader's own error", size, err)
		}
		if _, err := s.Read(t.Context(), "half/1-a/0", 0, -1); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("after %d bytes: half an object can be read: %v", size, err)
		}
	}
}

func endedContext(t *testing.T, s *blob.Store) {
	for _, size := range []int{0, 4, large} {
		ctx, cancel := context.WithCancel(t.Context())
		half := io.MultiReader(strings.NewReader(strings.Repeat("x", size)), readerFunc(func(p []byte) (int, error) {
			cancel()
			return copy(p, "x"), nil // for ever
		}))
		if _, err := s.Put(ctx, "ended/1-a/0", half); !errors.Is(err, context.Canceled) {
			t.Errorf("after %d bytes: got %v", size, err)
		}
		if _, err := s.Read(t.Context(), "ended/1-a/0", 0, -1); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("after %d bytes: half an object can be read: %v", size, err)
		}
	}
}

// readerFunc is content that is made when it is read.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

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

// A share that is not mounted for a while: nothing is made in its place, and nothing that it has is taken for gone.
func TestADirectoryIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	s := open(t, "file://"+dir+"?create=true")
	put(t, s)
	unmount := func() error { return os.Rename(dir, dir+".away") }
	mount := func() error { return os.Rename(dir+".away", dir) }
	unmounted(t, s, unmount, mount)
	if got := read(t, s, "task-1/1-a/0", 0, -1); got != "x" {
		t.Errorf("when it is back: got %q", got)
	}
}

// The directory that a share is mounted on stays when it is not.
func TestNothingIsWrittenBesideAVolume(t *testing.T) {
	t.Parallel()
	volume, err := os.MkdirTemp("/dev/shm", "longhaul") // of another device than the directory that leads to it
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(volume) })
	dir := filepath.Join(t.TempDir(), "d")
	mount := func() error { return errors.Join(os.RemoveAll(dir), os.Symlink(volume, dir)) }
	unmount := func() error { return errors.Join(os.Remove(dir), os.Mkdir(dir, 0o700)) }
	if err := mount(); err != nil {
		t.Fatal(err)
	}
	s := open(t, "file://"+dir)
	put(t, s)
	unmounted(t, s, unmount, func() error {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("beside the volume: %v, %v", left, err)
		}
		return mount()
	})
	if got := read(t, s, "task-1/1-a/0", 0, -1); got != "x" {
		t.Errorf("when it is back: got %q", got)
	}
}

func put(t *testing.T, s *blob.Store) {
	t.Helper()
	if _, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
}

func unmounted(t *testing.T, s *blob.Store, unmount, mount func() error) {
	t.Helper()
	if err := unmount(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "task-1/1-a/1", strings.NewReader("x")); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("write: got %v", err)
	}
	if _, err := s.Read(t.Context(), "task-1/1-a/0", 0, -1); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("read: got %v", err)
	}
	if err := s.DeleteAll(t.Context(), "task-1/"); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("delete: got %v", err)
	}
	if err := mount(); err != nil {
		t.Fatal(err)
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
