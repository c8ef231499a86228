package configfile

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the tests find into testdata")

// everything is how a process reads a file that is front end and worker at once.
var everything = Options{Serves: true, Works: true, Taken: []string{"analyze_logs"}}

// examples are the files of a directory of testdata, by name.
func examples(t testing.TB, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	named := make(map[string]string)
	for _, f := range files {
		named[strings.TrimSuffix(filepath.Base(f), ".yaml")] = f
	}
	return named
}

// Beside each bad file is what is said of it.
func TestSlipsAreFound(t *testing.T) {
	t.Parallel()
	for name, path := range examples(t, "bad") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(path, everything)
			if err == nil {
				t.Fatal("nothing is said")
			}
			here, absErr := filepath.Abs(filepath.Dir(path))
			if absErr != nil {
				t.Fatal(absErr)
			}
			got := strings.NewReplacer(here+"/", "", filepath.Dir(path)+"/", "", here, "HERE").Replace(err.Error()) + "\n"
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
