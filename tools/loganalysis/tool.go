package loganalysis

import (
	"context"
	"path/filepath"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// In is what analyze_logs is asked.
type In struct {
	Path string `json:"path" jsonschema:"File, directory (with everything beneath it) or glob such as nginx/access.log*, relative to one of the readable roots or absolute inside one. A relative path means the first root in which it matches."`
	Top  int    `json:"top,omitempty" jsonschema:"How many entries each ranking shows: 1 to 100, 10 if left out."`
}

const (
	defaultTop = 10
	maxTop     = 100
)

// Add registers analyze_logs, which reads files beneath the roots and nowhere else.
func Add(r *tasks.Registry, roots []string) { add(r, roots, usualPace) }

func add(r *tasks.Registry, roots []string, p pace) {
	t := tasks.Tool{
		Name:  "analyze_logs",
		Title: "Analyze logs",
		Description: "Reads log files of any size (Apache and nginx access logs, Apache error logs, sshd and other syslog, JSON lines; plain or .gz) " +
			"and reports lines, time span, statuses, traffic per hour, top clients, paths and user agents, failed and accepted log-ins, and bursts. " +
			"Answers with structured totals, a Markdown report and a plot.",
		Annotations: &mcp.ToolAnnotations{Title: "Analyze logs", ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: new(false)},
	}
	an := &analyzer{roots: absolute(roots), pace: p}
	tasks.AddTool(r, t, an.analyze)
}

type analyzer struct {
	roots []string
	pace  pace
}

func (an *analyzer) analyze(ctx context.Context, a *tasks.Attempt, in In) (*Report, error) {
	if in.Top < 0 || in.Top > maxTop {
		return nil, permanentf("top is %d: use 1 to %d", in.Top, maxTop)
	}
	sel, err := openSelection(ctx, an.roots, in.Path)
	if err != nil {
		return nil, err
	}
	defer sel.close()
	res, err := scanAll(ctx, a, sel.files, an.pace)
	if err != nil {
		return nil, err
	}
	if err := res.usable(in.Path); err != nil {
		return nil, err
	}
	return buildReport(in.Path, res, topOr(in.Top)), nil
}

func topOr(n int) int {
	if n == 0 {
		return defaultTop
	}
	return n
}

// absolute keeps a root that cannot be made absolute as it is: opening it then says what is wrong.
func absolute(roots []string) []string {
	abs := make([]string, len(roots))
	for i, r := range roots {
		abs[i] = r
		if a, err := filepath.Abs(r); err == nil {
			abs[i] = a
		}
	}
	return abs
}
