package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// globals are the flags of every command.
type globals struct {
	URL     string `help:"MCP endpoint (default: the profile's, or http://127.0.0.1:8080/mcp)." env:"LONGHAUL_URL" placeholder:"URL"`
	Token   string `help:"Bearer token (better: a profile's token_file or token_env)." env:"LONGHAUL_TOKEN" placeholder:"TOKEN"`
	Profile string `help:"Profile of the configuration file." env:"LONGHAUL_PROFILE" placeholder:"NAME"`
	// Revision is for those who try how a server looks to other clients.
	Revision string           `help:"Speak this protocol revision only, such as 2025-11-25 (default: the newest that both sides know)." env:"LONGHAUL_REVISION" placeholder:"REVISION"`
	JSON     bool             `help:"Print one JSON document."`
	Timeout  time.Duration    `help:"Stop waiting after this time, such as 10m; the task goes on (default: never)." placeholder:"TIME"`
	Version  kong.VersionFlag `help:"Print the version."`
}

type commands struct {
	globals
	Tools      toolsCmd      `cmd:"" help:"List the tools, or show one with its arguments."`
	Call       callCmd       `cmd:"" help:"Call a tool and wait for what it answers."`
	Ls         lsCmd         `cmd:"" help:"List your tasks."`
	Get        getCmd        `cmd:"" help:"Show how a task stands."`
	Wait       waitCmd       `cmd:"" help:"Wait for a task, from anywhere and as often as you like."`
	Cancel     cancelCmd     `cmd:"" help:"Cancel a task."`
	Read       readCmd       `cmd:"" help:"Read a resource: a large result, or a file that a task has left."`
	Answer     answerCmd     `cmd:"" help:"Answer what a task asks."`
	Admin      adminCmd      `cmd:"" help:"For operators: see and change what is in Redis."`
	Completion completionCmd `cmd:"" help:"Print the completion script of a shell."`
	Complete   completeCmd   `cmd:"" hidden:"" name:"__complete"`
}

// task is the one that the command line names.
func (c commands) task() string { return c.Get.ID + c.Wait.ID + c.Cancel.ID + c.Answer.ID } // there is one command

// app is one run of the program.
type app struct {
	globals
	ctx         context.Context
	out, errs   io.Writer
	terminal    bool // what is no answer goes to a terminal
	interactive bool // there is a person to ask
	columns     int  // of the terminal that answers go to; 0: it is none
	lines       *lines
	interrupts  chan os.Signal
	getenv      func(string) string
	model       *kong.Application
	asked       string // the task that the command line names
}

// Main runs a command line, and returns the exit code.
func Main(args []string) int {
	a := &app{
		ctx: context.Background(), out: os.Stdout, errs: os.Stderr, getenv: os.Getenv, lines: newLines(os.Stdin), interrupts: make(chan os.Signal, 2),
	}
	a.terminal = cwriter.IsTerminal(int(os.Stderr.Fd()))
	if cwriter.IsTerminal(int(os.Stdout.Fd())) {
		a.columns, _, _ = cwriter.GetSize(int(os.Stdout.Fd())) // without a size nothing is cut
	}
	a.interactive = a.terminal && cwriter.IsTerminal(int(os.Stdin.Fd()))
	return a.main(args)
}

// exited is how kong's flags end the program.
type exited int

func (a *app) main(args []string) (code int) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exited:
			code = int(v)
		default:
			panic(v)
		}
	}()
	var c commands
	parser := kong.Must(&c, kong.Name("longhaul"), kong.Description(about),
		kong.Writers(singleDash{a.out}, singleDash{a.errs}), kong.Vars{"version": "longhaul " + version}, kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if len(args) == 0 {
		args = []string{"-h"}
	}
	k, err := parser.Parse(doubleDash(args))
	if names := commandNames(parser.Model); err != nil && !strings.HasPrefix(args[0], "-") && !slices.Contains(names, args[0]) {
		err = usage("unknown command %s%s", args[0], spelling.Suggestion(args[0], names))
	}
	if err != nil {
		fmt.Fprintf(a.errs, "longhaul: %s\nTry longhaul -h.\n", strings.ReplaceAll(err.Error(), "--", "-"))
		return codeUsage
	}
	a.globals, a.model, a.asked = c.globals, parser.Model, c.task()
	err = a.plainly(k.Run(a, &c.Admin))
	if err != nil && !errors.Is(err, errShown) && !errors.Is(err, errDetached) { // who detaches knows
		fmt.Fprintln(a.errs, "longhaul:", err)
	}
	return exitCode(err)
}

const version = "0.1"

// commandNames are the commands that are shown.
func commandNames(model *kong.Application) (names []string) {
	for _, command := range model.Children {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return names
}

const about = `Calls tools on MCP servers and waits for them, however long they take.

Exit codes: 0 the tool answered; 1 it answered that it could not do it; 2 wrong command line or configuration; 3 the server refused, or the task failed or was cancelled; 4 the server (or Redis, for admin) cannot be reached; 130 stopped waiting, the task goes on.`

// doubleDash lets flags be written as those of the other programs: -json.
func doubleDash(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' && !strings.ContainsAny(arg[1:2], "0123456789.") {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

var (
	flagColumn = regexp.MustCompile(`(?m)^( +(?:-\w, +)?)--(\S+)`)
	longFlag   = regexp.MustCompile(`(^|\s)--([a-z])`)
)

// singleDash shows them so in help texts.
type singleDash struct{ io.Writer }

func (w singleDash) Write(b []byte) (int, error) {
	aligned := flagColumn.ReplaceAll(b, []byte("$1-$2 "))
	if _, err := w.Writer.Write(longFlag.ReplaceAll(aligned, []byte("$1-$2"))); err != nil {
		return 0, err
	}
	return len(b), nil
}
