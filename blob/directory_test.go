package blob_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/blob"
)

// kept are the files beneath a directory. Nobody else may come to any of them: the directories are private.
func kept(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && d.IsDir() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can come to %s: %v", path, info.Mode())
		}
		if d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What is being written is in the store's own directory, so that a rename finishes it; what breaks off leaves nothing there.
func TestFilesOfADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made")
	s := open(t, "file://"+dir+"?create=true")
	during := -1
	broken := io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) {
		during = len(kept(t, dir))
		return 0, errBroken
	}))
	if _, err := s.Put(t.Context(), "task-1/1-a/0", broken); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if left := kept(t, dir); during != 1 || len(left) > 0 {
		t.Errorf("there were %d files, and are %q", during, left)
	}
	if _, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("whole")); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := kept(t, dir); len(left) != 1 || left[0] != filepath.Join(dir, "task-1/1-a/0") {
		t.Errorf("there are %q", left)
	}
}

// An object that could not be finished is none, whatever could be written of it.
func TestAnObjectThatCannotBeFinished(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	s := open(t, "file://"+dir+"?create=true")
	gone := io.MultiReader(strings.NewReader("all of it"), readerFunc(func([]byte) (int, error) {
		return 0, errors.Join(os.RemoveAll(dir), io.EOF)
	}))
	if o, err := s.Put(t.Context(), "task-1/1-a/0", gone); !errors.Is(err, blob.ErrUnavailable) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAStoreThatIsClosed(t *testing.T) {
	t.Parallel()
	s := open(t, "mem://")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("x")); err == nil {
		t.Error("it is written to")
	}
}

func TestAnObjectThatIsTooLarge(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]error{"abc": nil, "abcd": blob.ErrTooLarge} {
		if _, err := io.Copy(io.Discard, blob.After(blob.MaxObject-3, strings.NewReader(content))); !errors.Is(err, want) {
			t.Errorf("with 3 bytes left, %q: %v, want %v", content, err, want)
		}
	}
}
