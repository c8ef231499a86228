package upstream

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Command is a program to be started.
type Command struct {
	Args   []string
	Dir    string
	Env    []string
	Stderr io.Writer
}

// Process is a program that was started.
type Process struct {
	Stdin  io.WriteCloser
	Stdout io.ReadCloser
	// Signal asks the program, and what it has started, to end; with force it does end.
	Signal func(force bool)
	// Wait returns when the program has ended. It is called once.
	Wait func() error
}

// Start starts a program.
type Start func(c Command) (*Process, error)

// leftovers is how long descendants of a program that has ended may hold its stdout and stderr open after they were told to end.
const leftovers = time.Second

// startProcess starts a program in a process group of its own.
func startProcess(c Command) (*Process, error) {
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command(c.Args[0], c.Args[1:]...) //nolint:noctx // it outlives the call that starts it
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, c.Env, theirs, c.Stderr
	cmd.WaitDelay = leftovers // for whoever holds stderr
	ownGroup(cmd)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return &Process{
		Stdin: in, Stdout: out,
		Signal: func(force bool) { signalGroup(cmd, force) },
		Wait: func() error {
			err := cmd.Wait()
			if errors.Is(err, exec.ErrWaitDelay) {
				err = nil // the program itself ended well
			}
			signalGroup(cmd, true)
			_ = out.SetReadDeadline(time.Now().Add(leftovers)) // what it wrote last is still read
			return err
		},
	}, nil
}

// inherited are the variables of this process that a program needs to work at all. Any other may be a secret.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "TEMP", "TMP",
}

// environment returns a program's environment: the inherited variables, and those given.
func environment(given []string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(inherited, name) {
			env = append(env, entry)
		}
	}
	return append(env, given...)
}
