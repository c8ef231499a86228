package loganalysis_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

const samples = "../../testdata/logs"

// recorder is the runtime of an attempt: it keeps what the tool reports.
type recorder struct {
	mu       sync.Mutex
	reports  []tasks.Progress
	onReport func()
}

func (r *recorder) Report(p tasks.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, p)
	if r.onReport != nil {
		r.onReport()
	}
}

func (r *recorder) Log(slog.Level, string) {}

func (r *recorder) Ask(context.Context, tasks.Question) (json.RawMessage, error) {
	return nil, tasks.ErrCannotAsk
}

// call runs the tool as a worker does, from arguments to the encoded result.
func call(t testing.TB, ctx context.Context, rt tasks.Runtime, root string, in loganalysis.In) (*loganalysis.Report, error) {
	t.Helper()
	var reg tasks.Registry
	loganalysis.Add(&reg, []string{root})
	if err := reg.Err(); err != nil {
		t.Fatal(err)
	}
	tool, ok := reg.Lookup("analyze_logs")
	if !ok {
		t.Fatal("analyze_logs is not registered")
	}
	args, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if args, err = tool.Input.Fill(args); err != nil {
		t.Fatal(err)
	}
	res, err := tool.Handle(ctx, tasks.NewAttempt(tasks.NewID(0), 1, rt, nil), args)
	if err != nil {
		return nil, err
	}
	if _, err := res.Encode(tool.Output); err != nil {
		t.Fatalf("result does not encode: %v", err)
	}
	return res.Structured.(*loganalysis.Report), nil
}

// promised is what the tool's results look like, of which there is one.
var promised = sync.OnceValue(func() *tasks.Schema {
	var reg tasks.Registry
	loganalysis.Add(&reg, nil)
	tool, _ := reg.Lookup("analyze_logs")
	return tool.Output
})

// analyze is the report that call returns, drawn by nobody.
func analyze(t testing.TB, root, path string) *loganalysis.Report {
	t.Helper()
	a := tasks.NewAttempt(tasks.NewID(0), 1, &recorder{}, nil)
	r, err := loganalysis.Analyze(context.Background(), a, loganalysis.Usual(), root, loganalysis.In{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&tasks.Result{Structured: r}).Encode(promised()); err != nil {
		t.Fatalf("result does not encode: %v", err)
	}
	return r
}

// write makes a file whose lines were written by the end of 2024.
func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	age(t, path)
}

func age(t testing.TB, path string) {
	t.Helper()
	mtime := time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, mtime, mtime); err != nil {
		t.Fatal(err)
	}
}
