package command_test

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

// Names that an artifact cannot have become others, and two files never one.
func TestNamesOfArtifacts(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	for _, file := range []string{"a_b", "a\nb", "a\\b", "a\tb", "dir/a_b", "dir/a\x01b"} {
		name := command.ArtifactName(file)
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q are both %q", file, other, name)
		}
		seen[name] = file
	}
	if seen["a_b"] != "a_b" || seen["dir/a_b"] != "dir/a_b" {
		t.Errorf("got %q", seen)
	}
}
