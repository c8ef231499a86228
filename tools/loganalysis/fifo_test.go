//go:build unix

package loganalysis_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A FIFO without a writer would make a reader wait for ever.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := refusal(t, dir, "fifo.log"); !strings.Contains(got, "no file matches") {
		t.Error(got)
	}
	for _, glob := range []string{"fifo.log/*", "*/x*"} { // a glob lists what it matches
		if got := refusal(t, dir, glob); !strings.Contains(got, "no file matches") {
			t.Error(got)
		}
	}
	write(t, dir, "a.log", ok)
	if r := analyze(t, dir, "."); r.FileCount != 1 {
		t.Errorf("%d files", r.FileCount)
	}
}
