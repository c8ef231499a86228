package npm

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// versioned is a package with its version, as README's table of clients has it.
var versioned = regexp.MustCompile("`(@modelcontextprotocol/[a-z-]+)` ([0-9][0-9.]*[0-9])")

func TestReadmeHasTheVersionsThatAreTested(t *testing.T) {
	t.Parallel()
	listed, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var tested struct{ Dependencies map[string]string }
	read(t, listed, &tested)
	doc, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]string)
	for _, m := range versioned.FindAllStringSubmatch(string(doc), -1) {
		told[m[1]] = m[2]
	}
	if diff := cmp.Diff(tested.Dependencies, told); diff != "" {
		t.Errorf("package.json (-) and README (+):\n%s", diff)
	}
}
