package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// Where nobody says where to work it is in the system's temporary directory, in which others could have made ours before us.
func TestTheUsualDirectoryMustBeOurs(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := filepath.Join(tmp, fmt.Sprintf("longhaul-%d", os.Getuid()))
	chmod := func(mode os.FileMode) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode)) }
	elsewhere := t.TempDir()
	for name, made := range map[string]func() error{
		"writable by its group": func() error { return chmod(0o770) },
		"writable by all":       func() error { return chmod(0o777) },
		"a link":                func() error { return os.Symlink(elsewhere, dir) },
		"another's": func() error {
			if os.Getuid() != 0 {
				return chmod(0o777) // only root can give it away
			}
			return errors.Join(chmod(0o755), os.Chown(dir, 65534, 65534))
		},
	} {
		if err := made(); err != nil {
			t.Fatal(err)
		}
		_, err := attempt(t.Context(), registered(t, named(shell(`:`))), newClient(), "t-0", `{}`)
		if err == nil || !strings.Contains(err.Error(), dir+" is not a directory of ours") {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := attempt(t.Context(), registered(t, named(shell(`:`))), newClient(), "t-0", `{}`); err != nil {
		t.Errorf("where there was none: %v", err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o066 != 0 {
		t.Errorf("it is %v, %v: others can look around in it", info.Mode(), err)
	}
	chosen := named(shell(`:`)) // who chooses a directory may share it
	chosen.Root = filepath.Join(tmp, "shared")
	if err := errors.Join(os.Mkdir(chosen.Root, 0o777), os.Chmod(chosen.Root, 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := attempt(t.Context(), registered(t, chosen), newClient(), "t-0", `{}`); err != nil {
		t.Errorf("a directory that was chosen: %v", err)
	}
}

// What an attempt has on disk is for nobody else to read or change, its checkpoint least of all.
func TestAnAttemptsFilesAreItsOwn(t *testing.T) {
	t.Parallel()
	rt := newClient()
	rt.kept = []byte(`"kept"`)
	c := shell(`stat -c %a "$LONGHAUL_CHECKPOINT" ../output.txt "$LONGHAUL_OUT" . ..`)
	c.Keep = func(context.Context, tasks.ID, command.File, io.Reader) (mcp.Content, error) { return nil, nil }
	if got := texts(done(t, c, rt, `{}`)); got != "600\n600\n700\n700\n700\n" {
		t.Errorf("modes of the checkpoint, the output and the directories:\n%s", got)
	}
}
