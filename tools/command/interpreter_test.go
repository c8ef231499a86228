package command_test

import (
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

func TestACallCannotWriteWhatAnInterpreterRuns(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"sh", "-c", "echo ${arg:who}"},
		{"/bin/bash", "-euo", "pipefail", "-c", "echo ${arg:who}"},
		{"bash", "-o", "pipefail", "-lc", "echo '${flag:who}'"},
		{"env", "A=1", "zsh", "-c", "echo ${arg:who...}"},
		{"dash", "-c", "-e", "echo ${arg:who}"},
		{"ash", "-c", "echo ${arg:who}"},
		{"bash", "+o", "posix", "+B", "-c", "echo ${arg:who}"},
		{"python3.13", "-W", "ignore", "-c", "print('${arg:who}')"},
		{"python3", "-cprint('${arg:who}')"},
		{"node", "--eval=x${arg:who}"},
		{"node", "--eval", "x(${arg:who})"},
		{"node", "--print=x${arg:who}"},
		{"node", "-p", "x(${arg:who})"},
		{"nodejs", "-r", "./x.js", "-e", "x(${arg:who})"},
		{"perl", "-MData::Dumper", "-e", "print 1;", "-e", "print ${arg:who}"},
		{"perl5.36", "-I", "lib", "-E", "print ${arg:who}"},
		{"ruby", "-ne", "puts ${arg:who}"},
		{"ruby3.2", "-r", "json", "-C", "lib", "-e", "puts ${arg:who}"},
	} {
		var reg tasks.Registry
		err := command.Add(&reg, command.Command{Tool: tasks.Tool{Name: "tool"}, Args: args})
		if err == nil || !strings.Contains(err.Error(), "could have it run anything: pass it as an argument, such as [") {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, args := range [][]string{
		{"sh", "-c", `echo "$1"`, "sh", "${arg:who}"},
		{"sh", "-c", `ls ${out} ${base} ${if:who} $${arg:who}`},
		{"sh", "-c", "${arg:who}"},
		{"sh", "script.sh", "-c", "of ${arg:who}"},
		{"bash", "-o", "pipefail", "script.sh", "x${arg:who}"},
		{"python3", "-m", "module", "x${arg:who}"},
		{"python3", "main.py", "-c", "x${arg:who}"},
		{"grep", "-e", "x${arg:who}", "file"},
		{"perl", "-e", "print @ARGV", "--", "x${arg:who}"},
		{"node", "--max-old-space-size=${arg:who}", "main.js"},
	} {
		var reg tasks.Registry
		if err := command.Add(&reg, command.Command{Tool: tasks.Tool{Name: "tool"}, Args: args}); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
