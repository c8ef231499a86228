package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

// Variables may refer to what the worker knows: it is looked up at each start, and never told.
func TestVariablesReferToSecrets(t *testing.T) {
	t.Setenv("COMMAND_TEST_SECRET", "from the worker")
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	c := shell(`echo "$A|$B|$C"`)
	c.Base = dir
	c.Env = map[string]string{"A": "Bearer ${file:token}", "B": "${env:COMMAND_TEST_SECRET}, ${arg:x}", "C": "$${env:X}"}
	for _, secret := range []string{"first", "second"} {
		if err := os.WriteFile(token, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := texts(done(t, c, newClient(), `{"x":"y"}`)), "Bearer "+secret+"|from the worker, y|${env:X}\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	contains(t, failing(t, c, `{"x":"y"}`).Error(), "variable A: ${file:token}: there is no file")
	if err := os.WriteFile(token, []byte("s3cr\x00et"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := failing(t, c, `{"x":"y"}`); strings.Contains(err.Error(), "s3cr") {
		t.Errorf("the secret is told: %v", err)
	}
}

// An argument of the call is no reference, whatever it says.
func TestACallCannotReferToSecrets(t *testing.T) {
	t.Setenv("COMMAND_TEST_SECRET", "s3cret")
	c := command.Command{Args: []string{"sh", "-c", `echo "$A $1"`, "sh", "${arg:x}"}, Env: map[string]string{"A": "${arg:x}"}}
	want := "${env:COMMAND_TEST_SECRET} ${env:COMMAND_TEST_SECRET}\n"
	if got := texts(done(t, c, newClient(), `{"x":"${env:COMMAND_TEST_SECRET}"}`)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
