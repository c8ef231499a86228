package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// What the system says of a program that it does not start helps nobody: why is found out and told.
func TestAProgramThatCannotBeStartedIsExplained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script string
		mode   os.FileMode
		want   string
	}{
		"no first line":     {"echo x\n", 0o755, "the first line of a script names what runs it, such as #!/bin/sh"},
		"lines of Windows":  {"#!/bin/sh\r\necho x\r\n", 0o755, "carriage return, as on Windows"},
		"no interpreter":    {"#!/no/such/interpreter -x\necho x\n", 0o755, "/no/such/interpreter runs it, which is not on this machine"},
		"byte order mark":   {"\ufeff#!/bin/sh\necho x\n", 0o755, "a byte order mark (BOM) stands before the #! of its first line"},
		"not executable":    {"#!/bin/sh\necho x\n", 0o644, "it may not be executed: chmod +x /"},
		"an argument of it": {"#!/bin/sh\necho x\n", 0o755, "at most 128 KiB, and what is longer reaches a program on stdin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(script, []byte(test.script), test.mode); err != nil {
				t.Fatal(err)
			}
			cannotBeStarted(t, command.Command{Args: []string{script, "${arg:x}"}}, test.want)
		})
	}
	dir := filepath.Join(t.TempDir(), "gone")
	cannotBeStarted(t, command.Command{Args: []string{"echo", "${arg:x}"}, Dir: dir}, "there is no directory "+dir+" for it to work in")
}

func cannotBeStarted(t *testing.T, c command.Command, why string) {
	t.Helper()
	args := `{"x":"short"}`
	if strings.Contains(why, "128 KiB") {
		args = `{"x":"` + strings.Repeat("x", 200_000) + `"}`
	}
	for _, limits := range []command.Limits{{}, {Files: 100}} { // with a starter, too
		c.Limits = limits
		err := failing(t, c, args)
		contains(t, err.Error(), "the program cannot be started", why)
		if permanent, _ := tasks.RetryAdvice(err); !permanent {
			t.Errorf("%v would be tried again", err)
		}
	}
}

// A relative interpreter is looked for where the program works, which is not where this process does.
func TestARelativeInterpreterIsNoFlaw(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"inner": "#!/bin/sh\necho it ran\n", "outer": "#!./inner\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil { //nolint:gosec // it is executed
			t.Fatal(err)
		}
	}
	script := filepath.Join(dir, "outer")
	if err := command.ScriptFlaw(script); err != nil {
		t.Error(err)
	}
	res := done(t, command.Command{Args: []string{script}, Dir: dir}, newClient(), `{}`)
	contains(t, texts(res), "it ran")
}
