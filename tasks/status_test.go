package tasks_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestEveryStatusMeetsEveryEvent(t *testing.T) {
	t.Parallel()
	const o, x = true, false
	may := map[tasks.Event][5]bool{ // working, input_required, completed, failed, cancelled
		tasks.Ask:    {o, o, x, x, x},
		tasks.Answer: {x, o, x, x, x},
		tasks.Finish: {o, o, x, x, x},
		tasks.Break:  {o, o, x, x, x},
		tasks.Cancel: {o, o, x, x, x},
	}
	for _, e := range tasks.Events() {
		for i, s := range tasks.Statuses() {
			next, ok := s.Next(e)
			if ok != may[e][i] {
				t.Errorf("%s in %s: %t, want %t", e, s, ok, may[e][i])
			}
			if next != e.To() {
				t.Errorf("%s leads to %s, but To says %s", e, next, e.To())
			}
			if s.Terminal() && ok {
				t.Errorf("%s leaves the terminal status %s", e, s)
			}
		}
	}
}

// The diagram in ARCHITECTURE.md is this table, printed.
func TestTheDiagramIsTheTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> working\n")
	for _, s := range tasks.Statuses() {
		for _, e := range tasks.Events() {
			if next, ok := s.Next(e); ok {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", s, next, e)
			}
		}
		if s.Terminal() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	doc, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), b.String()) {
		t.Errorf("ARCHITECTURE.md does not show:\n%s", b.String())
	}
}
