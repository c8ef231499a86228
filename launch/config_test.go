package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/configfile"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// written is a configuration file of this text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// One file serves all processes: each reads its part, and none overlooks a part that nobody knows.
func TestAProcessReadsItsPartOfTheConfiguration(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	theirs, unknown := written(t, "clients: of no concern\n"), written(t, "client: []\n")
	for name, c := range map[string]struct {
		role       role
		args, want string
	}{
		"a server's own":           {serverRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"all in one process":       {ownRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"a worker":                 {workerRole, "-redis redis://h -config " + theirs, ""},
		"a worker that checks":     {workerRole, "-check -config " + theirs, ":1:10: clients must be a list, not text"},
		"a worker of one's own":    {ownRole, "-redis redis://h -config " + theirs, ""},
		"unknown to a server":      {serverRole, "-config " + unknown, "unknown key client: did you mean clients?"},
		"unknown to a worker":      {workerRole, "-redis redis://h -config " + unknown, "unknown key client: did you mean clients?"},
		"not there":                {workerRole, "-redis redis://h -config /no/such.yaml", "-config: stat /no/such.yaml: no such file"},
		"a pipe":                   {workerRole, "-redis redis://h -config " + pipe, "/pipe is no regular file"},
		"without an end":           {workerRole, "-redis redis://h -config /dev/zero", "/dev/zero is no regular file"},
		"not of a probe's concern": {serverRole, "-probe http://h -config " + unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			_, err := parse(c.role, strings.Fields(c.args), &out)
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, errUsage) || !strings.Contains(out.String(), c.want)) {
				t.Errorf("%v, said %q, want %q", err, out.String(), c.want)
			}
		})
	}
}

// Editors go to the places that begin lines.
func TestEachSlipIsALineThatBeginsWithItsPlace(t *testing.T) {
	t.Parallel()
	path := written(t, "tools: 1\nservers: 2\n")
	var out strings.Builder
	if _, err := parse(workerRole, []string{"-check", "-config", path}, &out); !errors.Is(err, errUsage) {
		t.Fatal(err)
	}
	for _, place := range []string{":1:8: tools", ":2:10: servers"} {
		if !strings.Contains(out.String(), "\n"+path+place) {
			t.Errorf("no line begins with %s in\n%s", place, out.String())
		}
	}
}

// What may be missing on this machine is told, by a check and at the start, and stops nothing.
func TestMissingProgramsAreTold(t *testing.T) {
	t.Parallel()
	path := written(t, "tools: [{name: a, command: [/no/such/program]}]\n")
	want := path + ":1:29: warning: there is no program /no/such/program on this machine"
	r := workerRole
	r.registry = func(*options) *tasks.Registry { return new(tasks.Registry) }
	var out strings.Builder
	if err := start(t.Context(), r, []string{"-check", "-config", path}, &out); err != nil || !strings.HasPrefix(out.String(), want+"\n") {
		t.Errorf("%v, said %s", err, out.String())
	}
	file, err := configfile.Read(path, configfile.Options{Works: true})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := configuration{log: slog.New(slog.NewTextHandler(&log, nil)), registry: new(tasks.Registry)}
	if err := c.apply(file); err != nil || !strings.Contains(log.String(), "level=WARN msg=\""+want) {
		t.Errorf("%v, logged %s", err, log.String())
	}
}

// Who takes the built-in tools away hears what is left: nothing to start for, or a file that may bring tools later.
func TestWithoutBuiltinTools(t *testing.T) {
	t.Parallel()
	r := workerRole
	r.registry = builtin(func([]string) *tasks.Registry {
		reg := new(tasks.Registry)
		tasks.AddTool(reg, tasks.Tool{Name: "analyze_logs"}, func(context.Context, *tasks.Attempt, struct{}) (struct{}, error) { return struct{}{}, nil })
		return reg
	})
	none, one := written(t, "clients: []\n"), written(t, "tools: [{name: analyze_logs, command: [echo]}]\n")
	const nothing, warning = "-builtin-tools=false leaves the tools of a file alone", "names no tools and no servers"
	for name, c := range map[string]struct {
		role          role
		args          string
		fails         bool
		says, saysNot string
	}{
		"all of them":             {r, "-check", false, "are fine", warning},
		"with a file of no tools": {r, "-check -config " + none, false, "are fine", warning},
		"none":                    {r, "-check -builtin-tools=false", true, nothing, ""},
		"none, in a server":       {serverRole, "-builtin-tools=false -check", true, nothing, ""},
		"none yet":                {r, "-check -builtin-tools=false -config " + none, false, none + ": warning: it " + warning, ""},
		"not for a front end":     {serverRole, "-check -redis redis://h -builtin-tools=false -config " + none, false, "are fine", warning},
		"the file's, by its name": {r, "-check -builtin-tools=false -config " + one, false, "are fine", warning},
		"an author's own":         {ownRole, "-check", true, "no tools are registered", "builtin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := start(t.Context(), c.role, strings.Fields(c.args), &out)
			said := fmt.Sprint(out.String(), err)
			if (err != nil) != c.fails || !strings.Contains(said, c.says) || c.saysNot != "" && strings.Contains(said, c.saysNot) {
				t.Errorf("it said %s", said)
			}
		})
	}
}

// What is lost without a blob store is told once, and only where there is something to lose.
func TestMissingBlobStoreIsTold(t *testing.T) {
	t.Parallel()
	none, one := &configfile.File{}, &configfile.File{Tools: []command.Command{{Tool: tasks.Tool{Name: "a"}, Args: []string{"echo"}}}}
	for name, c := range map[string]struct {
		works, keeps bool
		files        []*configfile.File
		want         int
	}{
		"tools":             {true, false, []*configfile.File{one, one}, 1},
		"tools that come":   {true, false, []*configfile.File{none, one, one}, 1},
		"no tools":          {true, false, []*configfile.File{none, none}, 0},
		"with a blob store": {true, true, []*configfile.File{one}, 0},
		"tools of others":   {false, false, []*configfile.File{one}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			conf := configuration{log: slog.New(slog.NewTextHandler(&log, nil)), registry: new(tasks.Registry), keeps: c.keeps}
			if c.works {
				var err error
				if conf.hub, err = upstream.New(upstream.Options{Registry: conf.registry}); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range c.files {
				if err := conf.apply(f); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Count(log.String(), "level=WARN msg=\"there is no blob store"); got != c.want {
				t.Errorf("told %d times, want %d: %s", got, c.want, log.String())
			}
		})
	}
}

// A front end says nothing of parts that it does not read.
func TestAFrontEndTellsOfItsPartOnly(t *testing.T) {
	t.Parallel()
	front := configuration{path: "x.yaml", front: new(server.Server)}
	worker := configuration{path: "x.yaml", hub: new(upstream.Hub)}
	f := &configfile.File{Clients: make([]server.Client, 2)}
	for want, c := range map[string]*configuration{"[file x.yaml clients 2]": &front, "[file x.yaml tools [] servers 0]": &worker} {
		if got := fmt.Sprint(c.parts(f)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A file is in force as a whole, or not at all; what was in force and is not in it any more is gone.
func TestAFileIsAppliedAsAWhole(t *testing.T) {
	t.Parallel()
	reg := new(tasks.Registry)
	var log bytes.Buffer
	hub, err := upstream.New(upstream.Options{Registry: reg, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c := configuration{registry: reg, hub: hub, log: slog.New(slog.NewTextHandler(&log, nil))}
	echo := func(name string, args ...string) command.Command {
		return command.Command{Tool: tasks.Tool{Name: name, InputSchema: []byte(`{"type":"object"}`)}, Args: args}
	}
	bad := echo("also", "echo")
	bad.Tool.InputSchema = []byte(`{"type":"text"}`)
	if err := c.apply(&configfile.File{Tools: []command.Command{echo("one", "echo"), echo("two", "echo")}}); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]configfile.File{
		"a command": {Tools: []command.Command{echo("new", "echo"), echo("also")}},
		"a tool":    {Tools: []command.Command{echo("new", "echo"), bad}},
		"a server":  {Tools: []command.Command{echo("new", "echo")}, Servers: []upstream.Server{{Name: "nowhere"}}},
	} {
		if err := c.apply(&f); err == nil {
			t.Errorf("%s that is wrong is in force", what)
		}
		if got := fmt.Sprint(c.names()); got != "[one two]" || len(reg.Tools()) != 2 {
			t.Errorf("after %s that is wrong there are %s", what, got)
		}
	}
	if err := c.apply(&configfile.File{Tools: []command.Command{echo("two", "echo"), echo("three", "echo")}}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, t := range reg.Tools() {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	if got := fmt.Sprint(names); got != "[three two]" {
		t.Errorf("there are %s", got)
	}
}
