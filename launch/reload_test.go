package launch

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/configfile"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A file is read once for each change, when it is the same at two looks.
func TestAFileIsReadWhenItHasChangedAndIsStill(t *testing.T) {
	t.Parallel()
	const good, other, half = "tools: []\n", "tools: [] # another\n", "tools: ["
	path := written(t, good)
	var log bytes.Buffer
	c := configuration{
		path: path, reads: configfile.Options{Works: true}, tried: look(path), registry: new(tasks.Registry), log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	seen := c.tried
	for _, step := range []struct {
		name, text        string // gone: it is not there
		reloaded, refused int    // in all, after that
	}{
		{"as it was", good, 0, 0},
		{"half written", half, 0, 0},
		{"written", other, 0, 0},
		{"still", other, 1, 0},
		{"still", other, 1, 0},
		{"half written, for long", half, 1, 0},
		{"still", half, 1, 1},
		{"still", half, 1, 1},
		{"as it was before", other, 1, 1},
		{"still", other, 2, 1},
		{"gone", "gone", 2, 1},
		{"still", "gone", 2, 2},
		{"still", "gone", 2, 2},
		{"emptied", "", 2, 2},
		{"still", "", 2, 3},
		{"there again", good, 2, 3},
		{"still", good, 3, 3},
	} {
		if step.text == "gone" {
			_ = os.Remove(path) // the second time it is gone
		} else if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		seen = c.glance(seen)
		if got, not := strings.Count(log.String(), "configuration reloaded"), strings.Count(log.String(), "the configuration is refused"); got != step.reloaded || not != step.refused {
			t.Fatalf("%s: reloaded %d times and refused %d times, want %d and %d\n%s", step.name, got, not, step.reloaded, step.refused, log.String())
		}
		if in := step.text == good || step.text == other; in && step.name == "still" && c.refused() != nil {
			t.Errorf("%s: %v", step.name, c.refused())
		} else if !in && step.name == "still" && c.refused() == nil {
			t.Errorf("%s: it is not said to be refused", step.name)
		}
	}
}
