package launch

import (
	"context"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// maxTold is how many of the workers for which a server is not up its line names.
const maxTold = 3

// serversSeen returns a line for each upstream server about how all workers see it. Only a front end asks: workers, of which there are many,
// know their own view.
func (p *parts) serversSeen(ctx context.Context) (lines []string) {
	if p.front == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	views, err := p.store.Views(ctx)
	if err != nil {
		return nil // readiness says already that Redis does not answer
	}
	for len(views) > 0 {
		n := 1
		for n < len(views) && views[n].Server == views[0].Server {
			n++
		}
		lines = append(lines, serverLine(views[:n]))
		views = views[n:]
	}
	return lines
}

// serverLine puts into a line how several workers see one server.
func serverLine(views []store.View) string {
	up := 0
	var others []string
	for _, v := range views {
		if v.State == string(upstream.Up) {
			up++
			continue
		}
		line := v.State + " on " + v.Worker
		if v.Reason != "" {
			line += ": " + v.Reason
		}
		others = append(others, line)
	}
	parts := []string{fmt.Sprintf("%s: up on %d of %d workers", views[0].Server, up, len(views))}
	parts = append(parts, others[:min(len(others), maxTold)]...)
	if more := len(others) - maxTold; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, "; ")
}
