package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// terminal is a program that a person sits before.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File
	read sync.WaitGroup

	mu    sync.Mutex
	shown bytes.Buffer // everything that was written to it
}

// atTerminal runs longhaul at a terminal of that width.
func atTerminal(t *testing.T, server *rig.Server, columns uint16, args ...string) *terminal {
	t.Helper()
	x := &terminal{t: t, cmd: longhaul(t, server, args...)}
	var err error
	if x.keys, err = pty.StartWithSize(x.cmd, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	x.read.Go(func() { _, _ = io.Copy(x, x.keys) }) // the end is an error on some systems
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill() // it may have ended
		_ = x.keys.Close()
		x.read.Wait()
		if t.Failed() {
			t.Logf("the terminal showed %q", x.text())
		}
	})
	return x
}

func longhaul(t *testing.T, server *rig.Server, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), rig.Longhaul(t), args...)
	cmd.Env = append(os.Environ(), "LONGHAUL_URL="+server.URL, "XDG_CONFIG_HOME="+t.TempDir(), "TERM=xterm")
	return cmd
}

func (x *terminal) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown.Write(b)
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown.String()
}

// await waits until the words have been written n times.
func (x *terminal) await(n int, words string) {
	x.t.Helper()
	rig.Await(x.t, fmt.Sprintf("%q for the %d. time", words, n), func() bool { return strings.Count(x.text(), words) >= n })
}

const ctrlC = "\x03"

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := x.keys.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

func (x *terminal) exitCode() int {
	x.t.Helper()
	err := x.cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		x.t.Fatal(err)
	}
	x.read.Wait()
	return x.cmd.ProcessState.ExitCode()
}

var (
	percent  = regexp.MustCompile(`\] +(\d+)%`)
	escape   = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)
	oneEvent = regexp.MustCompile(`^\d\d:\d\d:\d\d (task \S+ started|working|completed)( .*)?$`)
)

// On a terminal a bar moves, and nothing of it stays; elsewhere each change is a line.
func TestHowATaskGetsOnIsShown(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	server := f.Server()
	f.Image(one(image.Sleep, tasks.Policy{}))
	server.Client(t).AwaitTool(t, "sleep")
	for columns, shown := range map[uint16][]string{80: {"=>", "/s", "ETA ", "/4000"}, 40: {"=>", "ETA "}} {
		t.Run(fmt.Sprint(columns, " columns"), func(t *testing.T) {
			t.Parallel()
			x := atTerminal(t, server, columns, "call", "sleep", "ms:=4000")
			if code := x.exitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if at := x.percents(); !slices.IsSorted(at) || len(slices.Compact(at)) < 4 {
				t.Errorf("the bar stood at %v", at)
			}
			for _, frame := range strings.FieldsFunc(escape.ReplaceAllString(x.text(), "\r"), func(r rune) bool { return r == '\r' || r == '\n' }) {
				if n := len([]rune(frame)); strings.Contains(frame, "sleep [") && n > int(columns) {
					t.Errorf("%d columns: %q", n, frame)
				}
			}
			for _, words := range append(shown, "sleep: completed after") {
				if !strings.Contains(x.text(), words) {
					t.Errorf("%q is not shown", words)
				}
			}
		})
	}
	t.Run("elsewhere", func(t *testing.T) {
		t.Parallel()
		cmd := longhaul(t, server, "call", "sleep", "ms:=4000")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatal(err, errs.String())
		}
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		for _, line := range lines {
			if !oneEvent.MatchString(line) {
				t.Errorf("%q", line)
			}
		}
		if len(lines) < 3 || len(slices.Compact(slices.Clone(lines))) != len(lines) || strings.Contains(out.String(), "working") {
			t.Errorf("%q", lines)
		}
	})
}

// percents are where the bar stood, frame by frame.
func (x *terminal) percents() (list []int) {
	x.t.Helper()
	for _, m := range percent.FindAllStringSubmatch(x.text(), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			x.t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

func people(t *testing.T) *rig.Server {
	t.Helper()
	f := rig.New(t)
	server := f.Server()
	f.Image(image.Image{Name: "people", Tools: []image.Tool{tool("hold", image.Hold, tasks.Policy{}), tool("ask", image.Ask, tasks.Policy{})}})
	for _, name := range []string{"hold", "ask"} {
		server.Client(t).AwaitTool(t, name)
	}
	return server
}

// Ctrl-C asks what to do. Waiting goes on, a second one detaches, and whoever comes back may cancel.
func TestCtrlC(t *testing.T) {
	t.Parallel()
	server, gate := people(t), newGate(t)
	x := atTerminal(t, server, 80, "call", "hold", "gate="+gate.path)
	x.await(1, "hold  ")
	x.press(ctrlC)
	x.await(1, "[d]etach (the task goes on), [c]ancel the task, or [w]ait?")
	x.press("w\n")
	rig.Await(t, "the bar moves again", func() bool { return strings.Contains(x.text()[strings.LastIndex(x.text(), "[w]ait?"):], "hold  ") })
	x.press(ctrlC)
	x.await(2, "[w]ait?")
	x.press(ctrlC)
	if code := x.exitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if words := x.text(); strings.Contains(words[strings.LastIndex(words, "[w]ait?"):], "hold  ") || regexp.MustCompile(`\x1b\[J[^\r\x1b]`).MatchString(words) {
		t.Error("the bar came back, or begins where the terminal wrote ^C")
	}
	m := regexp.MustCompile(`longhaul wait (\S+)`).FindStringSubmatch(x.text())
	if m == nil {
		t.Fatal("how to come back is not shown")
	}
	y := atTerminal(t, server, 80, "wait", m[1])
	y.await(1, "task  ")
	y.press(ctrlC)
	y.await(1, "[w]ait?")
	y.press("c\n")
	if code := y.exitCode(); code != 3 || !strings.Contains(y.text(), "cancelled") {
		t.Errorf("exit code %d", code)
	}
}

func TestAQuestionAtTheTerminal(t *testing.T) {
	t.Parallel()
	x := atTerminal(t, people(t), 80, "call", "ask")
	x.await(1, "What is your name?")
	x.await(1, "name (string)")
	x.press("Ada\n")
	if code := x.exitCode(); code != 0 || !strings.Contains(x.text(), "hello Ada") {
		t.Errorf("exit code %d", code)
	}
	y := atTerminal(t, people(t), 80, "call", "ask")
	y.await(1, "name (string)")
	y.press(ctrlC) // at a question there is nothing to choose
	if code := y.exitCode(); code != 130 || !strings.Contains(y.text(), "longhaul wait ") || strings.Contains(y.text(), "not needed") {
		t.Errorf("exit code %d", code)
	}
}
