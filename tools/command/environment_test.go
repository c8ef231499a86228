package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

// A program has no variables but the usual ones, those that it is given, and Longhaul's own.
func TestAProgramHasTheUsualVariablesAndItsOwn(t *testing.T) {
	c := part("arguments")
	c.Root = t.TempDir()
	for _, name := range []string{"HOME", "LANG", "TZ", "TMPDIR", "LC_ALL", "USER", "SECRET", "LONGHAUL_REDIS"} {
		t.Setenv(name, "of the worker")
	}
	c.Pass = []string{"LC_ALL"}
	c.Env["GIVEN"] = "-x"
	var out struct{ Env []string }
	res := done(t, c, newClient(), `{}`)
	if err := json.Unmarshal(res.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range fromHex(t, out.Env) {
		name, value, _ := strings.Cut(v, "=")
		names = append(names, name)
		if name == "GIVEN" && value != "-x" {
			t.Errorf("%s is %q", name, value)
		}
	}
	want := []string{partVar, "GIVEN", "HOME", "LANG", "LC_ALL", "LONGHAUL_ATTEMPT", "LONGHAUL_OUT", "LONGHAUL_TASK", "PATH", "TMPDIR", "TZ"}
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

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
