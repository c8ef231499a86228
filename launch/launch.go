package launch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// Version is the version of the release, set when it is built.
var Version = "dev"

// Main runs an author's tools: with -redis as a worker, otherwise as a whole MCP server in this one process. It does not return: it ends the
// program.
func Main(reg *tasks.Registry) {
	exit(role{
		name: filepath.Base(os.Args[0]), registry: func(*options) *tasks.Registry { return reg }, serves: false, works: true,
		about: "Runs its tools as durable tasks: as a worker beside the servers on one Redis, or, without -redis, as a whole MCP server by itself.",
	})
}

// Server runs the MCP front end and, without -redis, everything else too. tools makes the built-in tools. It does not return: it ends the
// program.
func Server(tools func(data []string) *tasks.Registry) {
	exit(role{
		name: "server", registry: builtin(tools), serves: true, works: false, reads: true,
		about: "The MCP front end: answers tools/call at once with a durable task that workers run. Without -redis it runs everything in this one process.",
	})
}

// Worker runs the built-in tools, which tools makes. It needs -redis. It does not return: it ends the program.
func Worker(tools func(data []string) *tasks.Registry) {
	exit(role{
		name: "worker", registry: builtin(tools), serves: false, works: true, reads: true, needsRedis: true,
		about: "Runs tools as durable tasks that the servers on the same Redis hand out.",
	})
}

// builtin makes the registry of a program with built-in tools, which -builtin-tools=false takes away.
func builtin(tools func(data []string) *tasks.Registry) func(*options) *tasks.Registry {
	return func(o *options) *tasks.Registry {
		if !o.builtinTools {
			return new(tasks.Registry)
		}
		return tools(o.data)
	}
}

// role is what a binary is for.
type role struct {
	name, about   string
	registry      func(*options) *tasks.Registry
	serves, works bool // with -redis; without, every role does both
	reads         bool // it has built-in tools, which read -data
	needsRedis    bool
}

// fronts reports whether a process with these options has a front end.
func (r role) fronts(o *options) bool { return r.serves || o.embedded() && !r.needsRedis }

// runs reports whether a process with these options runs tools.
func (r role) runs(o *options) bool { return r.works || o.work || o.embedded() }

// tools returns the names of the tools that are built into the program.
func (r role) tools(o *options) (names []string) {
	for _, t := range r.registry(o).Tools() {
		names = append(names, t.Name)
	}
	return names
}

// serverGC makes a front end, whose memory is small and short-lived, collect garbage less often: it answers several times as many requests.
const serverGC = 400

// errUsage says that the error was printed already.
var errUsage = errors.New("usage")

func exit(r role) {
	command.Supervise() // first of all: this process may be the supervisor of a command
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := start(ctx, r, os.Args[1:], os.Stderr)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "%s: %v\n", r.name, err)
		os.Exit(1)
	}
}

func start(ctx context.Context, r role, args []string, out io.Writer) error {
	o, err := parse(r, args, out)
	if err != nil {
		return err
	}
	if r.serves && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serverGC)
	}
	if o.probe != "" {
		return probe(ctx, o.probe)
	}
	reg := r.registry(o)
	if err := reg.Err(); err != nil {
		return fmt.Errorf("these tools cannot be served:\n%w", err)
	}
	if r.runs(o) && o.configFile == "" && len(reg.Tools()) == 0 { // with a file, tools may come later
		return o.noTools(r)
	}
	if o.check {
		if err := o.checkBlobs(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, strings.Join(append(o.config.Warnings, o.fine()), "\n"))
		return err
	}
	p, err := assemble(ctx, r, o, reg, logger(o, out))
	if err != nil {
		return err
	}
	return p.run(ctx, func() { banner(out, o, p) })
}

// noTools says what to do about a process that is to run tools and has none.
func (o *options) noTools(r role) error {
	if r.reads && !o.builtinTools {
		return errors.New("there is nothing to serve: -builtin-tools=false leaves the tools of a file alone, and none is given with -config")
	}
	return errors.New("no tools are registered: there is nothing to serve")
}

// logger writes JSON lines, or plain text for the person who has just started everything in a terminal.
func logger(o *options, out io.Writer) *slog.Logger {
	h := &slog.HandlerOptions{Level: o.logLevel}
	if o.embedded() {
		return slog.New(slog.NewTextHandler(out, h))
	}
	return slog.New(slog.NewJSONHandler(out, h))
}
