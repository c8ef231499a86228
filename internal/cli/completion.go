package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// The scripts ask the program itself: longhaul __complete WORDS, the last of which is being written.
var completionScripts = map[string]string{
	"bash": `_longhaul() {
	local IFS=$'\n'
	COMPREPLY=($(longhaul __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _longhaul -o default longhaul
`,
	"zsh": `#compdef longhaul
_longhaul() {
	local -a found
	found=("${(@f)$(longhaul __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	compadd -S '' -- $found
}
compdef _longhaul longhaul
`,
	"fish": `complete -c longhaul -f -a '(longhaul __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
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
	for _, candidate := range a.candidates(words[:len(words)-1]) {
		if strings.HasPrefix(candidate, current) {
			fmt.Fprintln(a.out, candidate)
		}
	}
	return nil
}

func (a *app) candidates(before []string) []string {
	if len(before) == 0 {
		return []string{"tools", "call", "ls", "get", "wait", "cancel", "answer", "completion"}
	}
	switch before[len(before)-1] {
	case "-profile":
		c, _ := a.readConfig()
		return slices.Sorted(maps.Keys(c.Profiles))
	case "completion":
		return []string{"bash", "fish", "zsh"}
	}
	switch {
	case before[0] == "tools" && len(before) == 1, before[0] == "call" && len(before) == 1:
		return a.toolNames()
	case before[0] == "call":
		return a.argumentNames(before[1])
	case len(before) == 1:
		return a.taskIDs()
	}
	return nil
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

func (a *app) argumentNames(tool string) []string {
	t, err := find(a.listed(), tool)
	if err != nil {
		return nil
	}
	s, _ := readSchema(t.InputSchema)
	names := s.names()
	for i := range names {
		names[i] += "="
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
