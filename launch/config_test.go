package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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

// One file serves all processes: each reads its part, and none overlooks a part that nobody knows.
func TestAProcessReadsItsPartOfTheConfiguration(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	theirs, unknown := written(t, "clients: of no concern\n"), written(t, "client: []\n")
	for name, c := range map[string]struct {
		role       role
		args, want string
	}{
		"a server's own":           {serverRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"all in one process":       {ownRole, "-config " + theirs, ":1:10: clients must be a list, not text"},
		"a worker":                 {workerRole, "-redis redis://h -config " + theirs, ""},
		"a worker that checks":     {workerRole, "-check -config " + theirs, ":1:10: clients must be a list, not text"},
		"a worker of one's own":    {ownRole, "-redis redis://h -config " + theirs, ""},
		"unknown to a server":      {serverRole, "-config " + unknown, "unknown key client: did you mean clients?"},
		"unknown to a worker":      {workerRole, "-redis redis://h -config " + unknown, "unknown key client: did you mean clients?"},
		"not there":                {workerRole, "-redis redis://h -config /no/such.yaml", "-config: stat /no/such.yaml: no such file"},
		"a pipe":                   {workerRole, "-redis redis://h -config " + pipe, "/pipe is no regular file"},
		"without an end":           {workerRole, "-redis redis://h -config /dev/zero", "/dev/zero is no regular file"},
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
