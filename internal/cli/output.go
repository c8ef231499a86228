package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// document is a task as -json prints it. Members are named as the protocol does.
type document struct {
	TaskID        string          `json:"taskId,omitempty"`
	Tool          string          `json:"tool,omitempty"`
	Status        tasks.Status    `json:"status"`
	StatusMessage string          `json:"statusMessage,omitempty"`
	Progress      *amount         `json:"progress,omitempty"`
	Attempts      *attempts       `json:"attempts,omitempty"`
	CreatedAt     *time.Time      `json:"createdAt,omitempty"`
	LastUpdatedAt *time.Time      `json:"lastUpdatedAt,omitempty"`
	InputRequests any             `json:"inputRequests,omitempty"`
	Result        json.RawMessage `json:"result,omitempty"`
	Error         *client.Error   `json:"error,omitempty"`
}

type amount struct {
	Progress float64 `json:"progress"`
	Total    float64 `json:"total,omitempty"`
	Message  string  `json:"message,omitempty"`
	ETAMs    int64   `json:"etaMs,omitempty"`
}

// attempts is _meta["dev.longhaul/attempts"].
type attempts struct {
	Attempt   int        `json:"attempt"`
	Failures  int        `json:"failures"`
	Limit     int        `json:"limit"`
	LastError string     `json:"lastError,omitempty"`
	NextAt    *time.Time `json:"nextAt,omitempty"`
}

func taskDocument(t client.Task) document {
	d := document{TaskID: t.ID, Tool: t.Tool, Status: t.Status, StatusMessage: t.Message, Error: t.Err}
	if p := t.Progress; p != (tasks.Progress{}) {
		d.Progress = &amount{p.Done, p.Total, p.Message, p.ETA.Milliseconds()}
	}
	if n := t.Attempts; n.Attempt > 0 {
		d.Attempts = &attempts{Attempt: n.Attempt, Failures: n.Failures, Limit: n.Limit, LastError: n.LastError}
		if !n.Next.IsZero() {
			d.Attempts.NextAt = &n.Next
		}
	}
	if !t.Created.IsZero() {
		d.CreatedAt, d.LastUpdatedAt = &t.Created, &t.Updated
	}
	if len(t.Questions) > 0 {
		d.InputRequests = t.Questions
	}
	if t.Result != nil {
		d.Result = t.Result.Raw
	}
	return d
}

func (a *app) printJSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", b)
	return err
}

// printResult prints what a tool answered. A terminal gets its text, and a word about the rest.
func (a *app) printResult(r *client.Result) error {
	if a.JSON {
		if err := a.printJSON(document{TaskID: r.TaskID, Status: tasks.Completed, Result: r.Raw}); err != nil {
			return err
		}
	} else {
		a.printText(r)
	}
	if r.IsError {
		return errTool
	}
	return nil
}

func (a *app) printText(r *client.Result) {
	text := r.Text()
	if text == "" && r.Structured != nil {
		text = indented(r.Structured)
	}
	out := a.out
	if r.IsError {
		out = a.errs
	}
	if text != "" {
		fmt.Fprintln(out, strings.TrimSuffix(text, "\n"))
	}
	for _, raw := range r.Content {
		var block struct {
			Type, MimeType, URI string
			Size                int64
		}
		switch {
		case json.Unmarshal(raw, &block) != nil || block.Type == "text":
		case block.Type == "resource_link":
			about := some(oneLine(block.MimeType))
			if block.Size > 0 { // it need not be told
				about = append(about, fmt.Sprintf("%d bytes", block.Size))
			}
			fmt.Fprintf(a.errs, "(%s)\n", strings.Join(some(strings.Join(about, ", "), "longhaul read "+oneLine(block.URI)), ": "))
		default:
			fmt.Fprintf(a.errs, "(%s %s, %d bytes: -json prints it)\n", block.Type, block.MimeType+block.URI, len(raw))
		}
	}
}

func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// firstLine is the beginning of a text, for a table.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
