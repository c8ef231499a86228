package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxOpen is how many questions a program may have open at once.
const maxOpen = 16

// dialog writes a program's stdin: its arguments, then the answers to its questions. Nothing in it may hold up the reading of the program's output:
// a program that does not read its stdin must still be able to write.
type dialog struct {
	stdin *os.File // nil: the program gets none
	stays bool     // stdin stays open after the arguments
	lines chan []byte
	open  chan struct{} // a place for each open question

	asking, writing sync.WaitGroup
}

// answer is a line on stdin.
type answer struct {
	Key     string          `json:"key"`
	Action  string          `json:"action"` // accept, decline, cancel; unanswered: nobody did in time; unable: the client cannot
	Content json.RawMessage `json:"content,omitempty"`
}

func newDialog(stdin *os.File, in Input, args []byte) *dialog {
	d := &dialog{stdin: stdin, stays: in == Dialog, lines: make(chan []byte, maxOpen+1), open: make(chan struct{}, maxOpen)}
	if stdin == nil {
		return d
	}
	d.lines <- append(args, '\n')
	if !d.stays {
		close(d.lines)
	}
	d.writing.Go(d.write)
	return d
}

func (d *dialog) write() {
	defer d.stdin.Close()
	for line := range d.lines {
		if _, err := d.stdin.Write(line); err != nil {
			return // it has closed its stdin, or has ended
		}
	}
}

// ask puts a question of the program, and writes its answer when it comes. fail ends the attempt.
func (d *dialog) ask(ctx context.Context, a *tasks.Attempt, q tasks.Question, fail func(error)) {
	if !d.stays {
		fail(tasks.Permanent(fmt.Errorf("the program asks %q, but nobody can answer it: its input must be %q", q.Key, Dialog)))
		return
	}
	select {
	case d.open <- struct{}{}:
	default:
		fail(tasks.Permanent(fmt.Errorf("the program asks %q while %d questions are open: that is too many", q.Key, maxOpen)))
		return
	}
	d.asking.Go(func() {
		defer func() { <-d.open }()
		line, err := reply(ctx, a, q)
		if err != nil {
			fail(err)
			return
		}
		select {
		case d.lines <- line:
		case <-ctx.Done():
		}
	})
}

func reply(ctx context.Context, a *tasks.Attempt, q tasks.Question) ([]byte, error) {
	r, err := a.Ask(ctx, q.Key, q.Request)
	ans := answer{Key: q.Key, Action: r.Action, Content: r.Content}
	switch {
	case errors.Is(err, tasks.ErrUnanswered):
		ans.Action = "unanswered"
	case errors.Is(err, tasks.ErrCannotAsk):
		ans.Action = "unable"
	case err != nil:
		return nil, err
	}
	doc, err := json.Marshal(ans)
	if err != nil {
		return nil, fmt.Errorf("answer to %q: %w", q.Key, err)
	}
	return append(doc, '\n'), nil
}

// end ends the dialog and waits for its goroutines. The context of the questions has ended by now.
func (d *dialog) end() {
	if d.stdin == nil {
		return
	}
	_ = d.stdin.Close() // a write that waits returns
	d.asking.Wait()
	if d.stays {
		close(d.lines)
	}
	d.writing.Wait()
}
