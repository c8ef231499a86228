package configfile

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/reference"
)

// tool is a program that serves as a tool.
var tool = as(object(
	must(at("name", "What clients call it: 1 to 64 letters, digits, and _ - . /", toolName, func(c *command.Command) *string { return &c.Tool.Name })),
	at("title", "Its name for people.", text, func(c *command.Command) *string { return &c.Tool.Title }),
	at("description", "What it does, for the model that decides whether to call it.", text, func(c *command.Command) *string { return &c.Tool.Description }),
	must(at("command", "The program and its arguments. No shell is involved. ${arg:NAME} is an argument of the call; an argument that names a file beside this one becomes its path.", listOf(text), func(c *command.Command) *[]string { return &c.Args })),
	at("input", "The JSON schema of its arguments. Default: any object.", whole(schema), func(c *command.Command) *json.RawMessage { return &c.Tool.InputSchema }),
	at("output", "The JSON schema of its result. Default: nothing is promised.", whole(schema), func(c *command.Command) *json.RawMessage { return &c.Tool.OutputSchema }),
	at("annotations", "What clients may know about its effects.", maybe(annotations), func(c *command.Command) **mcp.ToolAnnotations { return &c.Tool.Annotations }),
	at("env", "Variables of the program. ${env:NAME} and ${file:PATH} are looked up at each start, ${arg:NAME} is an argument of the call.", mapOf(anyName, references), func(c *command.Command) *map[string]string { return &c.Env }),
	at("pass", "Variables of the worker that the program gets too, besides PATH, HOME, LANG, TZ and TMPDIR.", listOf(text), func(c *command.Command) *[]string { return &c.Pass }),
	at("stdin", "What the program reads: its arguments as a document, the same and then answers to its questions (dialog), or none. Default: document.", oneOf(command.Document, command.Dialog, command.None), func(c *command.Command) *command.Input { return &c.Input }),
	at("dir", "Where every attempt works; a relative path begins beside this file. Default: a fresh directory for each, removed afterwards.", text, func(c *command.Command) *string { return &c.Dir }),
	at("user", "Whom the program runs as: a name or uid:gid. The worker must be root. Default: whom the worker runs as.", text, func(c *command.Command) *string { return &c.User }),
	at("grace", "How long the program may take to end after SIGTERM. Default: 4s.", duration, func(c *command.Command) *time.Duration { return &c.Grace }),
	at("artifacts", "How much of the files that the program leaves is kept, together, such as 20GiB. Default: 4GiB.", size, func(c *command.Command) *int64 { return &c.Artifacts }),
	at("limits", "What the program may use. Default: as much as it wants.", limits, func(c *command.Command) *command.Limits { return &c.Limits }),
	at("policy", "How the tool is run.", policy, func(c *command.Command) *tasks.Policy { return &c.Tool.Policy }),
), based).checked(validTool)

var annotations = object(
	at("readOnly", "It changes nothing. Default: false.", boolean, func(a *mcp.ToolAnnotations) *bool { return &a.ReadOnlyHint }),
	at("destructive", "What it changes may be lost. Default: true.", maybe(boolean), func(a *mcp.ToolAnnotations) **bool { return &a.DestructiveHint }),
	at("idempotent", "The same call a second time changes nothing more. Default: false.", boolean, func(a *mcp.ToolAnnotations) *bool { return &a.IdempotentHint }),
	at("openWorld", "It deals with what is outside, such as the web. Default: true.", maybe(boolean), func(a *mcp.ToolAnnotations) **bool { return &a.OpenWorldHint }),
)

var limits = object(
	at("memory", "Address space of each process, such as 512MiB.", size, func(l *command.Limits) *int64 { return &l.Memory }),
	at("cpu", "Processor time of each process, in whole seconds.", duration, func(l *command.Limits) *time.Duration { return &l.CPU }),
	at("files", "Files that a process has open at once.", count, func(l *command.Limits) *int { return &l.Files }),
	at("processes", "Processes of the user.", count, func(l *command.Limits) *int { return &l.Processes }),
	at("cgroup", "Limits of the program with everything that it starts: a control group (version 2).", cgroup, func(l *command.Limits) *command.Cgroup { return &l.Cgroup }),
)

var cgroup = object(
	at("parent", "The group beneath which others are made. Default: /sys/fs/cgroup/longhaul.", text, func(g *command.Cgroup) *string { return &g.Parent }),
	at("memory", "Its memory.max, such as 2GiB.", size, func(g *command.Cgroup) *int64 { return &g.Memory }),
	at("cpus", "How many processors it may use, such as 1.5.", number, func(g *command.Cgroup) *float64 { return &g.CPUs }),
	at("processes", "Its pids.max.", count, func(g *command.Cgroup) *int { return &g.Processes }),
	at("required", "Whether an attempt fails where the group cannot be made. Default: false.", boolean, func(g *command.Cgroup) *bool { return &g.Required }),
)

// based says where relative paths begin. An argument that names a file beside the configuration means that file: the program works
// elsewhere.
func based(v value, c command.Command) (command.Command, error) {
	c.Base = v.base
	if _, own := c.Env["PATH"]; !own { // where it is looked for then is not known here
		v.present(v.base, v.beside(c.Dir))
	}
	for i, arg := range c.Args {
		if i > 0 && v.isFile(arg) {
			c.Args[i] = "${base}/" + arg
		}
	}
	return c, nil
}

// isFile reports whether an argument looks like the relative path of a file, and is one. A bare word stays a word: build, for example.
func (s *source) isFile(arg string) bool {
	if strings.HasPrefix(arg, "-") || strings.Contains(arg, "${") || !strings.ContainsAny(arg, "./") || filepath.IsAbs(arg) {
		return false
	}
	info, err := os.Stat(filepath.Join(s.base, arg))
	return err == nil && info.Mode().IsRegular()
}

// references is a text whose references are there already, where it is used. What else is in it is the command's.
var references = as(text, func(v value, s string) (string, error) {
	err := reference.Scan(s, func(string) {}, func(inside string) error {
		if !v.Works || !reference.Is(inside) {
			return nil
		}
		_, err := reference.Lookup(inside, v.base)
		return err
	})
	if err != nil {
		err = v.wrong("%s: %v", v.name, err)
	}
	return s, err
})

var anyObject = json.RawMessage(`{"type":"object"}`)

func validTool(v value, c command.Command) error {
	c.Tool.Policy = tasks.Policy{} // checked by itself
	if c.Tool.InputSchema == nil {
		c.Tool.InputSchema = anyObject
	}
	if !v.Works { // the worker's users and limits
		c.User, c.Limits = "", command.Limits{}
	}
	return errors.Join(c.Tool.Validate(), c.Validate())
}
