package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/server"
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

func TestAConfigurationIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []server.Client
	}{
		"empty":    {"", nil},
		"comment":  {"# nothing yet\n", nil},
		"no part":  {"{}", nil},
		"no entry": {"clients:\n  # - name: x\n", nil},
		"clients": {`# ours
clients:
  - name: acme-agent   # an exact name
    hold: 5m
  - {hold: 1h30m, name: "acme-*"}
  - name: "*"
    hold: 25s
`, []server.Client{{Name: "acme-agent", Hold: 5 * time.Minute}, {Name: "acme-*", Hold: 90 * time.Minute}, {Name: "*", Hold: 25 * time.Second}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readConfig(written(t, c.text), true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.clients); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSlipsInAConfigurationAreFound(t *testing.T) {
	t.Parallel()
	const tail = "\n    hold: 1m\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown part":     {"client: []\n", "1:1: unknown key client: did you mean clients?"},
		"unlike any part":  {"qqqqqq: 1\n", "1:1: unknown key qqqqqq: there is clients"},
		"unknown key":      {"clients:\n  - name: a\n    holds: 1m\n    hold: 1m\n", "3:5: unknown key holds: did you mean hold?"},
		"key twice":        {"clients: []\nclients: []\n", `2:1: mapping key "clients" already defined at [1:1]`},
		"key in entry":     {"clients:\n  - name: a\n    name: b" + tail, `3:5: mapping key "name" already defined at [2:5]`},
		"key that is none": {"1: 2\n", "1:1: a key must be text, not a number"},
		"client twice":     {"clients:\n  - name: a" + tail + "  - name: a" + tail, `4:11: client "a" is there twice`},
		"no list":          {"clients: claude-code\n", "1:10: clients must be a list, not text"},
		"object":           {"clients:\n  claude-code: 5m\n", "2:3: clients must be a list, not an object"},
		"no object":        {"clients:\n  - claude-code\n", "2:5: an entry of clients must be an object, not text"},
		"nothing at all":   {"clients:\n  -\n", "2:5: an entry of clients must be an object, not nothing"},
		"root is a list":   {"- clients\n", "1:1: the configuration must be an object, not a list"},
		"no name":          {"clients:\n  - hold: 1m\n", "2:5: name is missing"},
		"no hold":          {"clients:\n  - name: a\n", "2:5: hold is missing"},
		"empty entry":      {"clients: [{}]\n", "1:11: name is missing\nPATH:1:11: hold is missing"},
		"number as name":   {"clients:\n  - name: 7" + tail, "2:11: name must be text, not a number"},
		"truth as name":    {"clients:\n  - name: true" + tail, "2:11: name must be text, not true or false"},
		"empty name":       {"clients:\n  - name: ''" + tail, "2:11: name is empty: * stands for all clients"},
		"long name":        {"clients:\n  - name: " + strings.Repeat("ä", 33) + tail, "2:11: name has 66 bytes: use at most 64, and * for the rest"},
		"star within":      {"clients:\n  - name: a*b" + tail, `2:11: name "a*b": * stands for the rest of a name, and can only end it`},
		"bare star":        {"clients:\n  - name: *" + tail, "2:11: mapping value is not allowed in this context"},
		"no unit":          {"clients:\n  - name: a\n    hold: 300\n", "3:11: hold has no unit: write 300s, or 300m"},
		"no time":          {"clients:\n  - name: a\n    hold: soon\n", `3:11: hold "soon": use a number with a unit, such as 50s or 5m`},
		"list as time":     {"clients:\n  - name: a\n    hold: [1m]\n", "3:11: hold must be a time such as 50s or 5m, not a list"},
		"time backwards":   {"clients:\n  - name: a\n    hold: -5m\n", "3:11: hold -5m: it must be positive"},
		"no time at all":   {"clients:\n  - name: a\n    hold: 0s\n", "3:11: hold 0s: it must be positive"},
		"alias":            {"clients:\n  - name: &a x" + tail, "2:11: name must be text, not YAML's anchor"},
		"second document":  {"clients: []\n---\nclients: []\n", "3:1: a second document begins here: put everything into the first"},
		"no YAML":          {"clients: [1\n", "1:10: sequence end token ']' not found"},
		"several":          {"client: 1\nclients:\n  - nam: a\n    hold: 1\n", "1:1: unknown key client: did you mean clients?\nPATH:3:5: unknown key nam: did you mean name?\nPATH:4:11: hold has no unit: write 1s, or 1m\nPATH:3:5: name is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := written(t, c.text)
			want := path + ":" + strings.ReplaceAll(c.want, "PATH", path)
			if _, err := readConfig(path, true); err == nil || err.Error() != want {
				t.Errorf("%v\nwant\n%s", err, want)
			}
		})
	}
}

// One file serves all processes: each reads its part, and none overlooks a part that nobody knows.
func TestAProcessReadsItsPartOfTheConfiguration(t *testing.T) {
	t.Parallel()
	theirs, unknown := written(t, "clients: of no concern\n"), written(t, "client: []\n")
	for name, c := range map[string]struct {
		role       role
		args, want string
	}{
		"a server's own":           {serverRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"all in one process":       {ownRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"a worker":                 {workerRole, "-redis redis://h -config " + theirs, ""},
		"a worker that checks":     {workerRole, "-check -config " + theirs, ""},
		"a worker of one's own":    {ownRole, "-redis redis://h -config " + theirs, ""},
		"unknown to a server":      {serverRole, "-config " + unknown, "unknown key client: did you mean clients?"},
		"unknown to a worker":      {workerRole, "-redis redis://h -config " + unknown, "unknown key client: did you mean clients?"},
		"not there":                {workerRole, "-redis redis://h -config /no/such.yaml", "-config: open /no/such.yaml: no such file"},
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
