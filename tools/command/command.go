package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Command is a program that serves as a tool.
type Command struct {
	// Tool is what clients see of it, and how it is run. It needs a name; zero for the rest: any arguments, the default policy.
	Tool tasks.Tool
	// Args are the program and its arguments. All but the first are templates: see "Arguments" in the package comment.
	// A program without a slash is looked for in PATH.
	Args []string
	// Env are variables for the program, whose values are templates; ${env:NAME} and ${file:PATH} are looked up at each start. Zero: none besides the usual ones.
	Env map[string]string
	// Pass names variables of this process that the program gets too. Zero: PATH, HOME, LANG, TZ and TMPDIR alone.
	Pass []string
	// Input says what the program reads on stdin. Zero: Document.
	Input Input
	// Dir is the directory in which every attempt works. Zero: a fresh one for each, removed afterwards.
	Dir string
	// Root is where the fresh directories are made. Zero: longhaul-<uid> in the system's temporary directory.
	Root string
	// Base is the directory where relative paths of Dir and of the program begin, and what ${base} stands for. Zero: the one in which this process
	// was started.
	Base string
	// Grace is how long the program may take to end after SIGTERM. Zero: 4 s, so that it is gone before the engine, after 5 s, gives
	// up waiting for the tool.
	Grace time.Duration
	// Artifacts is how many bytes of files that the program leaves are kept as artifacts, or by Keep. Zero: 4 GiB.
	Artifacts int64
	// Limits bound what the program may use. Zero: nothing is bounded. Linux only.
	Limits Limits
	// User is the user as which the program runs, a name or uid:gid; this process must be root. Zero: the user of this process. Linux only.
	User string
	// Keep stores a file that the program left, or its whole output if that is too long for the result, and returns a link to it. Zero: small texts
	// and images are part of the result; if there is a blob store every file is an artifact that the result links to, and if not larger files are
	// only named.
	Keep func(ctx context.Context, task tasks.ID, f File, content io.Reader) (mcp.Content, error)
}

// Input says what a program reads on stdin.
type Input string

// The kinds of input. The zero value is Document.
const (
	Document Input = "document" // the arguments, one JSON object in one line, then the end
	Dialog   Input = "dialog"   // the same, but stdin stays open: each answer to a question is a line
	None     Input = "none"     // nothing: stdin is empty
)

// Limits bound what a program may use. A zero bounds nothing. Each process has these limits for itself, with two exceptions: Processes counts all
// processes of the user (and does not bind root), and those of Cgroup count the program with everything that it started.
type Limits struct {
	Memory    int64         // bytes of address space; programs that reserve much more than they use (Java, Node, Go) want Cgroup instead
	CPU       time.Duration // of processor time, counted in whole seconds
	Files     int           // open at once
	Processes int
	Cgroup    Cgroup
}

// Cgroup bounds a program by a control group of its own (version 2).
type Cgroup struct {
	// Parent is a control group beneath which this process may make others. Zero: /sys/fs/cgroup/longhaul.
	Parent string
	// Memory, CPUs and Processes are its memory.max, cpu.max and pids.max. Zero: not bounded.
	Memory    int64
	CPUs      float64
	Processes int
	// Required makes an attempt fail if the group cannot be made. Zero: it goes on without, and a line in its log says so.
	Required bool
}

func (g Cgroup) wanted() bool { return g.Memory > 0 || g.CPUs > 0 || g.Processes > 0 }

const (
	defaultGrace     = 4 * time.Second
	defaultArtifacts = 4 << 30
	defaultCgroup    = "/sys/fs/cgroup/longhaul"
	ours             = "LONGHAUL_" // variables that begin so are ours to set
)

// Add registers a command as a tool. The error says everything that is wrong with the command; what is wrong with its Tool shows in
// Registry.Err, as with any other.
func Add(reg *tasks.Registry, c Command) error {
	r, err := newRunner(c)
	if err != nil {
		return fmt.Errorf("tool %q: %w", c.Tool.Name, err)
	}
	reg.Add(c.Tool, r.handle)
	return nil
}

// Validate explains everything that is wrong with the command, but for its Tool.
func (c *Command) Validate() error {
	_, err := newRunner(*c)
	return err
}

// runner is a command, checked and ready.
type runner struct {
	Command
	args []template // without the program
	env  map[string]template
	user *identity
	root *root

	listsFiles bool // a structured result may have a member artifacts
}

func newRunner(c Command) (*runner, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if c.Artifacts == 0 {
		c.Artifacts = defaultArtifacts
	}
	if c.Input == "" {
		c.Input = Document
	}
	if c.Limits.Cgroup.Parent == "" {
		c.Limits.Cgroup.Parent = defaultCgroup
	}
	r := &runner{Command: c, env: make(map[string]template)}
	if err := r.place(); err != nil {
		return nil, err
	}
	known, err := properties(c.Tool.InputSchema)
	if err != nil {
		return nil, err
	}
	r.parse(known, bad)
	promised, err := properties(c.Tool.OutputSchema)
	if err != nil {
		return nil, err
	}
	r.listsFiles = promised == nil || promised["artifacts"]
	for _, name := range c.Pass {
		if err := validVariable(name); err != nil {
			bad("pass: %w", err)
		}
	}
	switch c.Input {
	case Document, Dialog, None:
	default:
		bad("input %q: use document, dialog or none", c.Input)
	}
	if c.Artifacts < 0 {
		bad("artifacts is %d: it cannot be negative", c.Artifacts)
	}
	if c.Grace < 0 {
		bad("grace is %s: it cannot be negative", c.Grace)
	}
	if err := c.Limits.validate(); err != nil {
		errs = append(errs, err)
	}
	if r.user, err = lookUpUser(c.User); err != nil {
		bad("user %q: %w", c.User, err)
	}
	return r, errors.Join(errs...)
}

// place makes the directories absolute, before this process may change its own.
func (r *runner) place() error {
	base, err := filepath.Abs(r.Base)
	if err != nil {
		return fmt.Errorf("base: %w", err)
	}
	r.Base = base
	if r.Dir != "" {
		r.Dir = r.based(r.Dir)
	}
	usual := r.Root == ""
	if usual {
		r.Root = filepath.Join(os.TempDir(), fmt.Sprintf("longhaul-%d", os.Getuid()))
	}
	dir, err := filepath.Abs(r.Root)
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	r.root = &root{dir: dir, usual: usual, cgroup: r.Limits.Cgroup.Parent}
	return nil
}

func (r *runner) based(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.Base, path)
}

// parse reads the templates. known are the arguments that they may name; nil: any.
func (r *runner) parse(known map[string]bool, bad func(string, ...any)) {
	if len(r.Args) == 0 || r.Args[0] == "" {
		bad("command: it is empty, and its first element would be the program")
		return
	}
	if strings.Contains(r.Args[0], "${") {
		bad("command: the program itself cannot be a template")
	}
	guarded := true
	for _, arg := range r.Args[1:] {
		t, err := parseTemplate(arg, syntax{known: known})
		if err != nil {
			bad("command: %w", err)
		}
		t.guarded = guarded
		r.args = append(r.args, t)
		guarded = guarded && arg != "--"
	}
	if err := r.checkCode(); err != nil {
		bad("command: %w", err)
	}
	for name, value := range r.Env {
		if err := validVariable(name); err != nil {
			bad("env: %w", err)
		}
		t, err := parseTemplate(value, syntax{known: known, refers: true})
		if err == nil && t.spreads() {
			err = errors.New("a list cannot spread over one variable")
		}
		if err != nil {
			bad("env: %s: %w", name, err)
		}
		r.env[name] = t
	}
}

// properties are the names that a schema knows. Nil: it names none, so any may come.
func properties(schema json.RawMessage) (map[string]bool, error) {
	if schema == nil {
		return nil, nil
	}
	var s struct{ Properties map[string]json.RawMessage }
	if err := tasks.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if s.Properties == nil {
		return nil, nil
	}
	known := make(map[string]bool, len(s.Properties))
	for name := range s.Properties {
		known[name] = true
	}
	return known, nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func validVariable(name string) error {
	switch {
	case !variableName.MatchString(name):
		return fmt.Errorf("%q is no name of a variable", name)
	case strings.HasPrefix(name, ours):
		return fmt.Errorf("%s: variables named %s… are Longhaul's own", name, ours)
	}
	return nil
}

func (l Limits) validate() error {
	var errs []error
	if l.Memory < 0 || l.CPU < 0 || l.Files < 0 || l.Processes < 0 || l.Cgroup.Memory < 0 || l.Cgroup.CPUs < 0 || l.Cgroup.Processes < 0 {
		errs = append(errs, errors.New("limits: none can be negative"))
	}
	if !limitable && (l.wanted() || l.Cgroup.wanted()) {
		errs = append(errs, errors.New("limits: this system has none, they need Linux"))
	}
	return errors.Join(errs...)
}

// wanted: there are limits that a process gets when it is started.
func (l Limits) wanted() bool { return l.Memory > 0 || l.CPU > 0 || l.Files > 0 || l.Processes > 0 }
