package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/longhaul-mcp/longhaul/client"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// The scripts ask the program itself: longhaul __complete WORDS, the last of which is being written.
var completionScripts = map[string]string{
	// Bash splits words at = and :, and replaces only what stands behind the last of them.
	"bash": `_longhaul() {
	local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} word before=
	local -a words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	word=${words[${#words[@]}-1]}
	[[ $COMP_WORDBREAKS == *=* ]] && before=${word%"${word##*[=:]}"}
	IFS=$'\n'
	COMPREPLY=($("$1" __complete -- "${words[@]:1}" 2>/dev/null))
	COMPREPLY=("${COMPREPLY[@]#"$before"}")
	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _longhaul -o default longhaul
`,
	"zsh": `#compdef longhaul
_longhaul() {
	local -a found
	[[ $words[CURRENT-1] == -o ]] || compset -P '*=@' && { _files; return }
	found=(${(f)"$($words[1] __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	compadd -S '' -- ${(M)found:#*=}
	compadd -- ${found:#*=}
}
compdef _longhaul longhaul
`,
	"fish": `complete -c longhaul -f -a '(longhaul __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
complete -c longhaul -s o -r -F
`,
}

// Run prints a completion script.
func (cmd *completionCmd) Run(a *app) error {
	_, err := fmt.Fprint(a.out, completionScripts[cmd.Shell])
	return err
}

type completeCmd struct {
	Words []string `arg:"" optional:""`
}

// patience is how long a person waits for a completion.
const patience = 2 * time.Second

// Run prints what the last word may become, a line each. What cannot be found out is left out.
func (cmd *completeCmd) Run(a *app) error {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	a.ctx = ctx
	words := cmd.Words
	if len(words) == 0 {
		words = []string{""}
	}
	current := words[len(words)-1]
	for _, candidate := range a.candidates(words[:len(words)-1], current) {
		if strings.HasPrefix(candidate, current) {
			fmt.Fprintln(a.out, candidate)
		}
	}
	return nil
}

// candidates are what the current word may become behind those before it.
func (a *app) candidates(before []string, current string) []string {
	args, open := a.arguments(before)
	switch {
	case open == "profile":
		c, _ := a.readConfig()
		return slices.Sorted(maps.Keys(c.Profiles))
	case open != "":
		return nil
	case strings.HasPrefix(current, "-"):
		return a.flagNames(args)
	case len(args) == 0:
		return a.commandNames()
	}
	switch command := args[0]; {
	case command == "completion":
		return []string{"bash", "fish", "zsh"}
	case command == "admin" && len(args) == 1:
		return []string{"servers", "retire"}
	case (command == "tools" || command == "call") && len(args) == 1 ||
		command == "admin" && len(args) == 2 && args[1] == "retire":
		return a.toolNames()
	case command == "call":
		return a.argumentNames(args[1], current)
	case slices.Contains([]string{"get", "wait", "cancel", "answer"}, command) && len(args) == 1:
		return a.taskIDs()
	}
	return nil
}

// arguments are the words that are neither flags nor their values, and the flag whose value is next, if one is. Flags that say which server
// is meant are taken to heart.
func (a *app) arguments(words []string) (args []string, open string) {
	values := map[string]*string{"url": &a.URL, "token": &a.Token, "profile": &a.Profile}
	for _, word := range words {
		name, value, given := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case open != "":
			name, value, open = open, word, ""
		case !strings.HasPrefix(word, "-"):
			args = append(args, word)
			continue
		case !given && a.takesValue(name):
			open = name
			continue
		}
		if v := values[name]; v != nil {
			*v = value
		}
	}
	return args, open
}

// flags are those of the program, and of all commands or of the one that is given.
func (a *app) flags(command string) (list []*kong.Flag) {
	list = a.model.Flags
	for _, node := range a.model.Children {
		if command == "" || command == node.Name {
			list = slices.Concat(list, node.Flags)
		}
	}
	return list
}

func (a *app) takesValue(name string) bool {
	return slices.ContainsFunc(a.flags(""), func(f *kong.Flag) bool { return f.Name == name && !f.IsBool() })
}

func (a *app) flagNames(args []string) (names []string) {
	command := "none"
	if len(args) > 0 {
		command = args[0]
	}
	for _, f := range a.flags(command) {
		names = append(names, "-"+f.Name)
	}
	return names
}

func (a *app) commandNames() (names []string) {
	for _, node := range a.model.Children {
		if !node.Hidden {
			names = append(names, node.Name)
		}
	}
	return names
}

func (a *app) listed() []client.Tool {
	c, err := a.dial(client.Options{Patience: patience})
	if err != nil {
		return nil
	}
	defer c.Close()
	list, _ := c.Tools(a.ctx)
	return list
}

func (a *app) toolNames() (names []string) {
	for _, t := range a.listed() {
		names = append(names, t.Name)
	}
	return names
}

// argumentNames are a tool's arguments, or what one of them may be.
func (a *app) argumentNames(tool, current string) (names []string) {
	t, err := find(a.listed(), tool)
	if err != nil {
		return nil
	}
	s, _ := readSchema(t.InputSchema)
	if name, _, written := strings.Cut(current, "="); written {
		p, _ := s.property(name)
		for _, value := range p.values() {
			names = append(names, name+"="+value)
		}
		return names
	}
	for _, name := range s.names() {
		names = append(names, name+"=")
	}
	return names
}

func (a *app) taskIDs() (ids []string) {
	c, err := a.dial(client.Options{Patience: patience})
	if err != nil {
		return nil
	}
	defer c.Close()
	page, _, _ := c.List(a.ctx, "")
	for _, t := range page {
		ids = append(ids, t.ID)
	}
	return ids
}
