package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// bar shows a task on a terminal: one line that moves.
type bar struct {
	out  io.Writer
	name string

	container *mpb.Progress // nil: nothing is drawn
	line      *mpb.Bar
	counted   bool // the line is a bar, not a spinner

	mu    sync.Mutex // of what the drawing goroutine reads
	task  client.Task
	meter meter
}

// scale makes whole steps of any progress, also of one that counts from 0 to 1.
const scale = 10_000

func newBar(out io.Writer, name string) *bar { return &bar{out: out, name: name} }

func (b *bar) show(t client.Task) {
	b.mu.Lock()
	b.task = t
	b.meter.see(t.Progress, time.Now())
	b.mu.Unlock()
	counted := t.Progress.Total > 0
	if b.container != nil && counted != b.counted {
		b.clear()
	}
	if b.container == nil {
		b.draw(counted)
	}
	if counted {
		b.line.SetCurrent(int64(scale * min(1, max(0, t.Progress.Done/t.Progress.Total)) * 0.9999)) // it is full when it is over
	}
}

func (b *bar) draw(counted bool) {
	b.counted = counted
	b.container = mpb.New(mpb.WithOutput(b.out), mpb.WithWidth(40), mpb.WithAutoRefresh(), mpb.WithRefreshRate(100*time.Millisecond))
	filler := mpb.SpinnerStyle("⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏").PositionLeft().Build()
	prefix := decor.Name(b.name + " ")
	if counted {
		filler = mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]").Build()
		prefix = decor.Name(b.name+" ", decor.WCSyncSpaceR)
	}
	b.line = b.container.New(scale, barFiller{filler},
		mpb.BarWidth(map[bool]int{true: 30, false: 2}[counted]),
		mpb.PrependDecorators(prefix),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.words() })))
}

// barFiller passes a filler for the builder that mpb asks for.
type barFiller struct{ mpb.BarFiller }

func (f barFiller) Build() mpb.BarFiller { return f.BarFiller }

// words are what stands behind the line.
func (b *bar) words() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, p := time.Now(), b.task.Progress
	switch {
	case p.Total > 0:
		s := fmt.Sprintf("%3.0f%%  %s", 100*min(1, max(0, p.Done/p.Total)), b.meter.numbers(now))
		if p.Message != "" {
			s += "  " + p.Message
		}
		return s
	case b.task.Message != "":
		return b.task.Message
	}
	return fmt.Sprintf("%s for %s", b.task.Status, now.Sub(b.task.Created).Round(time.Second))
}

// clear takes the line off the screen, so that something else can be written.
func (b *bar) clear() {
	if b.container == nil {
		return
	}
	b.line.Abort(true)
	b.container.Wait()
	b.container = nil
}

// plain shows a task where lines stay: one for each change, but not for each of many small steps.
type plain struct {
	out    io.Writer
	now    func() time.Time
	last   client.Task
	lastAt time.Time
}

// pace is how often a line is written when nothing but the progress moves.
const pace = time.Second

func (p *plain) show(t client.Task) {
	now := p.now()
	if t.Status == p.last.Status && (words(t) == words(p.last) || t.Status == tasks.Working && now.Sub(p.lastAt) < pace) {
		return
	}
	p.last, p.lastAt = t, now
	line := now.Format(time.TimeOnly) + " " + string(t.Status)
	if w := words(t); w != "" && w != string(t.Status) {
		line += " " + w
	}
	fmt.Fprintln(p.out, line)
}

func (p *plain) clear() {}

// words say how a task stands.
func words(t client.Task) string {
	if t.Message == "" && t.Progress.Total > 0 {
		return t.Progress.Summary()
	}
	return t.Message
}
