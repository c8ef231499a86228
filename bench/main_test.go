package bench

import (
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		fmt.Fprintln(os.Stderr, serveEcho())
		os.Exit(1)
	}
	rig.Main(m)
}

// echo is an image with one tool that answers at once.
func echo() image.Image {
	return image.Image{Name: "echo", Tools: []image.Tool{{Tool: tasks.Tool{Name: "echo", Description: "Answers at once"}, Does: image.Echo}}}
}

// table prints rows of cells, the first of which is the heading, apart from the lines of go test.
func table(b *testing.B, rows ...[]any) {
	b.Helper()
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for _, cell := range row {
			_, _ = fmt.Fprintf(w, "%v\t", cell)
		}
		_, _ = io.WriteString(w, "\n")
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}

// spread is a list of times as the cells of a row.
func spread(what string, times []time.Duration) []any {
	slices.Sort(times)
	return []any{what, len(times), rig.Percentile(times, 50), rig.Percentile(times, 95), times[len(times)-1].Round(time.Microsecond)}
}

var spreadHead = []any{"", "samples", "p50", "p95", "longest"}
