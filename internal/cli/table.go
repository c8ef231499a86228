package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// printTable lists tasks, one on a line.
func (a *app) printTable(list []client.Task) error {
	return a.printRows(func(w io.Writer) {
		fmt.Fprintln(w, "TASK\tTOOL\tSTATUS\tCREATED\t")
		for _, t := range list {
			status, message := row(t)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Tool, status, t.Created.Local().Format(time.DateTime), oneLine(firstLine(message)))
		}
	})
}

// printRows aligns what is written, cells that end with tabs in lines: on a terminal what does not fit is cut.
func (a *app) printRows(write func(io.Writer)) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	write(w)
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(a.out, clip(strings.TrimRight(line, " \n"), a.columns)); err != nil {
			return err
		}
	}
	return nil
}

// toolError is how servers say that a tool could not do it: the task has completed, or by earlier revisions failed.
const toolError = "the tool reported an error"

// row is the status and the message of a task in a list. What a tool calls an error is none of the protocol's statuses.
func row(t client.Task) (status, message string) {
	status, message = string(t.Status), words(t)
	if rest, ok := strings.CutPrefix(message, toolError); ok && (t.Status == tasks.Completed || t.Status == tasks.Failed) {
		return "error", strings.TrimPrefix(rest, ": ")
	}
	return status, strings.TrimSpace(strings.TrimPrefix(message, status))
}
