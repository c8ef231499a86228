package command_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/tasks"
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
	for file, fits := range map[string]bool{
		strings.Repeat("n", 128): true, strings.Repeat("n", 129): false, strings.Repeat("é", 100): false, "dir" + strings.Repeat("n", 30) + "/" + strings.Repeat("n", 99): false,
		strings.Repeat("n", 50) + "../" + strings.Repeat("n", 97): false, strings.Repeat("n", 50) + "é/" + strings.Repeat("n", 98): false, strings.Repeat(".", 200): false,
	} {
		name := command.ArtifactName(file)
		if (name == file) != fits || len(name) > 128 || !utf8.ValidString(name) || strings.Contains(name, "//") || strings.HasSuffix(name, "/") {
			t.Errorf("%q is %q", file, name)
		}
		if _, kept, _, err := tasks.ParseURI(tasks.ArtifactURI(tasks.NewID(0), name)); err != nil || kept != name {
			t.Errorf("%q is %q, which no artifact can be called: %v", file, name, err)
		}
	}
	if seen["a_b"] != "a_b" || seen["dir/a_b"] != "dir/a_b" {
		t.Errorf("got %q", seen)
	}
}
