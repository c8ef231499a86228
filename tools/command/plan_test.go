package command_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

// A program that is given a PATH of its own is found there: an executable file, in a directory that does not depend on where this process
// was started.
func TestAProgramIsFoundInThePATHThatItIsGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, filepath.Join(dir, "relative"))
	if err != nil {
		t.Fatal(err)
	}
	script := func(name string, mode os.FileMode) error {
		return os.WriteFile(filepath.Join(dir, name, "sh"), []byte("#!/bin/sh\necho "+name+"\n"), mode)
	}
	for _, name := range []string{"relative", "directory/sh", "text", "good"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(script("relative", 0o755), script("text", 0o644), script("good", 0o755)); err != nil {
		t.Fatal(err)
	}
	list := []string{relative, filepath.Join(dir, "directory"), filepath.Join(dir, "text"), filepath.Join(dir, "good")}
	c := command.Command{Args: []string{"sh"}, Env: map[string]string{"PATH": strings.Join(list, ":")}}
	if got := texts(done(t, c, newClient(), `{}`)); got != "good\n" {
		t.Errorf("said %q", got)
	}
	c.Env["PATH"] = strings.Join(list[:3], ":")
	contains(t, failing(t, c, `{}`).Error(), `no program "sh" in the PATH that the command is given`)
}
