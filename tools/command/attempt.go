package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// attempt is one attempt while its program runs.
type attempt struct {
	*tasks.Attempt
	r       *runner
	outer   context.Context // of the attempt as the worker sees it
	ctx     context.Context // ends with it, or by fail
	fail    context.CancelCauseFunc
	scratch *scratch
	process *process
	dialog  *dialog
	meter   meter
	whole   *os.File // the output, byte for byte; nil: nobody would keep it

	spool  spool
	output transcript
	errors transcript
	result json.RawMessage
	over   int64       // bytes of the output that were drawn over
	slips  int         // lines that were nearly messages
	told   atomic.Bool // it tells its progress by messages
}

// handle runs one attempt.
func (r *runner) handle(ctx context.Context, ta *tasks.Attempt, args json.RawMessage) (*tasks.Result, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, args); err != nil {
		return nil, tasks.Permanent(fmt.Errorf("arguments: %w", err))
	}
	var checkpoint json.RawMessage
	if _, err := ta.Resume(ctx, &checkpoint); err != nil {
		return nil, err
	}
	s, err := r.root.fresh(checkpoint, r.user)
	if err != nil {
		return nil, err
	}
	defer s.remove()
	p, err := r.plan(ta, args, s)
	if err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &attempt{
		Attempt: ta, r: r, outer: ctx, ctx: inner, fail: cancel, scratch: s, meter: meter{attempt: ta},
		output: transcript{maxHead: keptOfOutput, maxTail: keptOfOutput}, errors: transcript{maxTail: keptOfErrors},
	}
	if err := a.openSpool(); err != nil {
		return nil, err
	}
	defer a.whole.Close()
	return a.run(p, line.Bytes())
}

// openSpool opens a file for the whole output, if there is a place to keep it.
func (a *attempt) openSpool() (err error) {
	if a.r.Keep == nil && !a.CanKeep() {
		return nil
	}
	if a.whole, err = os.OpenFile(filepath.Join(a.scratch.dir, "output.txt"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("keep the output: %w", err)
	}
	a.spool.to = a.whole
	return nil
}

// run sees the program through. Nothing of it is left when run returns.
func (a *attempt) run(p *plan, args []byte) (*tasks.Result, error) {
	var err error
	note := func(text string) { a.meter.log(slog.LevelWarn, text) }
	if a.process, err = start(p, a.r.Input != None, a.scratch.lock, note); err != nil {
		return nil, err
	}
	defer a.process.close()
	a.dialog = newDialog(a.process.stdin, a.r.Input, args)
	defer a.dialog.end()
	defer a.fail(nil) // ends the waiting for answers

	var reading sync.WaitGroup
	reading.Go(a.readOutput)
	reading.Go(a.readErrors)
	e, stopped := a.await()
	reading.Wait()
	a.meter.end()
	switch {
	case stopped, a.ctx.Err() != nil && a.outer.Err() == nil: // it may end well and yet have asked for what cannot be done
		return nil, context.Cause(a.ctx)
	case errors.Is(e.err, errStart):
		return nil, tasks.Permanent(e.err)
	case e.err != nil:
		return nil, e.err
	case !e.ok():
		return nil, problem(filepath.Base(a.r.Args[0]), e, a.said())
	}
	return a.answer()
}

// await waits until nothing of the program is left. When the attempt's context ends it stops the program.
func (a *attempt) await() (e exit, stopped bool) {
	select {
	case e = <-a.process.ended:
		return e, false
	case <-a.ctx.Done():
	}
	a.process.stop()
	return <-a.process.ended, true
}

func (a *attempt) readOutput() {
	d := &drawing{to: &a.output, drawn: a.draw}
	plain := io.MultiWriter(&a.spool, d)
	s := &splitter{
		message: a.heed,
		plain:   func(text []byte) { _, _ = plain.Write(text) }, // it cannot fail
		slip:    a.tellSlip,
		tooLong: func() {
			a.meter.log(slog.LevelWarn, fmt.Sprintf("a line of the program begins like a message and has over %d bytes: it is taken for output", maxMessage))
		},
	}
	a.process.read(a.process.stdout, s)
	_ = s.Close() // it cannot fail
	d.flush()
	a.over = d.over
}

const maxSlips = 3 // that are told: a program may print JSON of its own

func (a *attempt) tellSlip(err error) {
	if a.slips++; a.slips <= maxSlips {
		a.meter.log(slog.LevelWarn, fmt.Sprintf("a line of the program looks like a message, but is taken for output: %v", err))
	}
}

func (a *attempt) readErrors() {
	l := &liner{line: func(text string) { a.meter.log(slog.LevelInfo, text) }}
	d := &drawing{to: io.MultiWriter(&a.errors, l), drawn: a.draw}
	a.process.read(a.process.stderr, d)
	d.flush()
	l.flush()
}

// draw takes what the program draws for its progress, until it tells that itself.
func (a *attempt) draw(text []byte) {
	if message := legible(text); message != "" && !a.told.Load() {
		_ = a.Report(a.ctx, tasks.Progress{Message: message}) // await sees that the context has ended
	}
}

// heed does what a message of the program asks for.
func (a *attempt) heed(m message) {
	switch {
	case m.progress != nil:
		a.told.Store(true)
		a.Report(a.ctx, *m.progress)
	case m.log != nil:
		a.meter.log(m.log.level, clip(m.log.text))
	case m.checkpoint != nil:
		a.remember(m.checkpoint)
	case m.ask != nil:
		a.dialog.ask(a.ctx, a.Attempt, *m.ask, a.fail)
	case m.result != nil:
		a.result = m.result
	}
}

// remember makes a checkpoint durable before anything else that the program writes is read. The one that the program writes because it was told to
// stop matters most, though the attempt's context has ended by then.
func (a *attempt) remember(v json.RawMessage) {
	ctx := a.ctx
	if ctx.Err() != nil {
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(a.r.Grace, time.Second))
		defer cancel()
		ctx = c
	}
	if err := a.Checkpoint(ctx, v); err != nil {
		a.fail(fmt.Errorf("checkpoint: %w", err))
	}
}

func clip(s string) string {
	if len(s) > maxEntryLen {
		return withoutHalfRune(s[:maxEntryLen]) + "…"
	}
	return s
}

// said returns the output that explains a failure best.
func (a *attempt) said() string {
	if s := a.errors.String(); s != "" {
		return s
	}
	s := a.output.String()
	return s[max(0, len(s)-keptOfErrors):]
}

// answer makes the result of the program's own result, its output, and the files that it left.
func (a *attempt) answer() (*tasks.Result, error) {
	h := &harvest{keep: a.r.Keep, attempt: a.Attempt, most: a.r.Artifacts, room: a.r.Artifacts}
	if err := h.gather(a.ctx, a.scratch); err != nil {
		return nil, err
	}
	if err := a.keepOutput(h); err != nil {
		return nil, err
	}
	a.warnOfLoss(h)
	res := &tasks.Result{}
	say := func(s string) {
		if s != "" {
			res.Content = append(res.Content, &mcp.TextContent{Text: s})
		}
	}
	structured, text, err := a.structured(h.files)
	if err != nil {
		return nil, err
	}
	if structured != nil {
		res.Structured = structured
	}
	say(text)
	say(a.output.String())
	say(h.list())
	res.Content = append(res.Content, h.content...)
	if len(res.Content) == 0 {
		say(a.silence())
	}
	return res, nil
}

// silence is the result of a program that gave none: many say all that they have to say on stderr.
func (a *attempt) silence() string {
	if said := strings.TrimSpace(a.errors.String()); said != "" {
		return "The program ended well. The end of what it said:\n" + said
	}
	return "The program ended well and said nothing."
}

// keepOutput has the whole output kept where the result shows only its beginning and end, or not what was drawn over: what ends its lines with
// bare carriage returns draws over data.
func (a *attempt) keepOutput(h *harvest) error {
	if a.whole == nil || a.output.omitted() == 0 && a.over == 0 {
		return nil
	}
	if a.spool.err != nil {
		return fmt.Errorf("keep the output: %w", a.spool.err)
	}
	if _, err := a.whole.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("keep the output: %w", err)
	}
	name := "output.txt"
	for h.has(name) {
		name = "stdout-" + name
	}
	h.room = a.spool.written // its own: the files may have taken all
	return h.show(a.ctx, name, a.whole)
}

// warnOfLoss tells those who follow the call what will be lost.
func (a *attempt) warnOfLoss(h *harvest) {
	if a.whole != nil { // somebody keeps
		if h.more > 0 {
			a.Log(slog.LevelWarn, "%d of the files that the program left are lost: a result has at most %d", h.more, maxFiles)
		}
		if h.tooMuch > 0 {
			a.Log(slog.LevelWarn, "%d of the files that the program left are lost: together they have more than %d bytes (artifacts)", h.tooMuch, a.r.Artifacts)
		}
		return
	}
	const why = "this worker has no blob store (-blob)"
	if n := a.output.omitted(); n > 0 {
		a.Log(slog.LevelWarn, "%d bytes of the program's output are lost: %s", n, why)
	}
	if a.over > 0 { // of most programs it is but a bar
		a.Log(slog.LevelInfo, "%d bytes of the program's output were drawn over with carriage returns and are lost: %s", a.over, why)
	}
	if n := h.lost(); n > 0 {
		a.Log(slog.LevelWarn, "%d of the files that the program left are lost: %s", n, why)
	}
}

// structured returns the program's own result, with the list of files that it left, and as text.
func (a *attempt) structured(files []File) (json.RawMessage, string, error) {
	var object map[string]json.RawMessage
	var text string
	switch {
	case a.result == nil:
	case json.Unmarshal(a.result, &object) == nil && object != nil:
		text = string(a.result)
	default:
		var err error
		if text, err = plain(a.result); err != nil {
			return nil, "", err
		}
	}
	if len(files) == 0 || object["artifacts"] != nil || !a.r.listsFiles {
		if object == nil {
			return nil, text, nil
		}
		return a.result, text, nil
	}
	list, err := json.Marshal(files)
	if err != nil {
		return nil, "", fmt.Errorf("files that the program left: %w", err)
	}
	if object == nil {
		object = make(map[string]json.RawMessage)
	}
	object["artifacts"] = list
	doc, err := json.Marshal(object)
	if err != nil {
		return nil, "", fmt.Errorf("result: %w", err)
	}
	return doc, text, nil
}
