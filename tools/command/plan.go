package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// plan is all that is needed to start the program. It goes to the supervisor as JSON.
type plan struct {
	Path    string
	Args    [][]byte // as bytes, since JSON strings would change what is not UTF-8
	Env     [][]byte
	Dir     string
	Grace   time.Duration
	Scratch string // removed when nobody needs it any more
	User    *identity
	Limits  Limits
}

// identity is the user as which a program runs.
type identity struct {
	UID, GID uint32
	Groups   []uint32
}

// plan fills the templates in for one attempt.
func (r *runner) plan(a *tasks.Attempt, args json.RawMessage, s *scratch) (*plan, error) {
	v := values{dirs: map[string]string{outDir: s.out, baseDir: r.Base}}
	if err := tasks.Unmarshal(args, &v.args); err != nil {
		return nil, tasks.Permanent(fmt.Errorf("arguments: %w", err))
	}
	list := []string{r.Args[0]}
	for _, t := range r.args {
		more, err := t.expand(v)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	env, err := r.environ(a, v, s)
	if err != nil {
		return nil, err
	}
	path, err := r.program(env["PATH"])
	if err != nil {
		return nil, tasks.Permanent(err)
	}
	dir := r.Dir
	if dir == "" {
		dir = s.work
	}
	return &plan{
		Path: path, Args: raw(list), Env: raw(pairs(env)), Dir: dir, Grace: r.Grace, Scratch: s.dir, User: r.user, Limits: r.Limits,
	}, nil
}

// program finds the program in the PATH that it will have itself.
func (r *runner) program(path string) (string, error) {
	name := r.Args[0]
	if filepath.Base(name) != name {
		return r.based(name), nil
	}
	if path == os.Getenv("PATH") {
		found, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("this worker has no program %q in its PATH", name)
		}
		return filepath.Abs(found)
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && filepath.IsAbs(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("there is no program %q in the PATH that the command is given", name)
}

func raw(list []string) [][]byte {
	b := make([][]byte, len(list))
	for i, s := range list {
		b[i] = []byte(s)
	}
	return b
}

func text(list [][]byte) []string {
	s := make([]string, len(list))
	for i, b := range list {
		s[i] = string(b)
	}
	return s
}

// exit is how a program ended.
type exit struct {
	Status int    // what it returned
	Signal string // what killed it, if a signal did
	Note   string // what else is known

	err error // it could not be started, or nobody knows how it ended
}

func (e exit) ok() bool { return e.err == nil && e.Status == 0 && e.Signal == "" }

// String puts it in words for people.
func (e exit) String() string {
	s := fmt.Sprintf("ended with exit status %d", e.Status)
	if e.Signal != "" {
		s = "was killed by " + e.Signal
	}
	if e.Note != "" {
		s += " (" + e.Note + ")"
	}
	return s
}

// errStart marks an error that another attempt would meet again.
var errStart = errors.New("cannot be started")

// problem is a failure with the end of what the program said.
func problem(name string, e exit, said string) error {
	said = strings.TrimSpace(said)
	if said == "" {
		return fmt.Errorf("%s %s, and said nothing", name, e)
	}
	return fmt.Errorf("%s %s. The end of what it said:\n%s", name, e, said)
}
