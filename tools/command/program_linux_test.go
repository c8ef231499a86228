package command_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// program starts a script whose processes have a task's id, by which living finds them.
func program(t *testing.T, id tasks.ID, script string, stderr io.Writer) *command.Program {
	t.Helper()
	p, err := command.Start([]string{"sh", "-c", script}, t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), "LONGHAUL_TASK=" + string(id)}, stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(); _ = p.Stdout.Close() })
	return p
}

func TestAProgramIsSpokenTo(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	p := program(t, tasks.NewID(0), `read line; echo "got $line"; echo "no licence" >&2; exit 3`, &said)
	if _, err := io.WriteString(p.Stdin, "hello\n"); err != nil {
		t.Fatal(err)
	}
	err := p.Wait()
	if err == nil || err.Error() != "exit status 3" || said.String() != "no licence\n" {
		t.Errorf("%v, said %q", err, said.String())
	}
	if heard, err := io.ReadAll(p.Stdout); err != nil || string(heard) != "got hello\n" { // after its end, too
		t.Errorf("%q, %v", heard, err)
	}
	if _, err := command.Start([]string{"no-such-program"}, "", nil, io.Discard); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Error(err)
	}
}

// One that is named with a slash is beside where it works, wherever this process was started.
func TestAProgramIsRelativeToWhereItWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hello"), []byte("#!/bin/sh\npwd\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := command.Start([]string{"./hello"}, dir, []string{"PATH=" + os.Getenv("PATH")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	heard, err := io.ReadAll(p.Stdout)
	if err := errors.Join(err, p.Wait(), p.Stdout.Close()); err != nil || string(heard) != dir+"\n" {
		t.Errorf("heard %q, %v", heard, err)
	}
}

func TestAStoppedProgramIsGoneWithAllThatItStarted(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	p := program(t, id, strings.Replace(stubborn, `{"log":"up"}`, "up", 1), io.Discard)
	if line, err := bufio.NewReader(p.Stdout).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	p.Stop()
	if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "SIGKILL") {
		t.Error(err)
	}
	if left := living(t, id); len(left) > 0 {
		t.Errorf("left alive: %v", left)
	}
}

func TestAKilledWorkerLeavesNoServer(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	worker := exec.CommandContext(t.Context(), os.Args[0], string(id))
	worker.Env = append(os.Environ(), partVar+"=speaker")
	worker.Stdin = strings.NewReader(stubborn)
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, "the tree stands", func() bool { return len(living(t, id)) >= stubbornTree })
	signal(t, worker.Process.Pid, syscall.SIGKILL)
	_ = worker.Wait() // it was killed
	rig.Await(t, "the tree is gone", func() bool { return len(living(t, id)) == 0 })
}
