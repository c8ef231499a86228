package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
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

	mu    sync.Mutex // of what the drawing goroutine reads
	task  client.Task
	meter meter
	away  trouble
}

func newBar(out io.Writer, name string) *bar { return &bar{out: out, name: name} }

func (b *bar) show(t client.Task) {
	b.mu.Lock()
	b.task = t
	b.meter.see(t.Progress, time.Now())
	b.mu.Unlock()
	if b.container == nil {
		b.draw()
	}
}

// trouble shows that the server is away once that has lasted; until then there may be nothing to show.
func (b *bar) trouble(t trouble) {
	b.mu.Lock()
	b.away = t
	b.mu.Unlock()
	if b.container == nil && t.told(time.Now()) {
		b.draw()
	}
}

// frame is how often the line is drawn.
const frame = 100 * time.Millisecond

func (b *bar) draw() {
	b.container = mpb.New(mpb.WithOutput(b.out), mpb.WithAutoRefresh(), mpb.WithRefreshRate(frame))
	b.line = b.container.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return "\r" + b.picture(time.Now(), s.AvailableWidth) // Ctrl-C has the terminal write where the line begins
	})))
}

func (b *bar) picture(now time.Time, width int) string {
	if words := b.away.words(now); words != "" {
		return lostPicture(b.name, b.task, words, now, width)
	}
	return picture(b.name, b.task, &b.meter, now, width)
}

// write puts a line above the one that moves.
func (b *bar) write(line string) {
	if b.container == nil {
		fmt.Fprintln(b.out, line)
		return
	}
	fmt.Fprintf(b.container, "\r%s\n", line)
}

// clear takes the line off the screen, so that something else can be written. Of a task that has ended a last word stays.
func (b *bar) clear() {
	if b.container == nil {
		return
	}
	b.line.Abort(true)
	b.container.Wait()
	b.container = nil
	if t := b.task; t.Ended() {
		status, _ := row(t)
		fmt.Fprintf(b.out, "%s: %s after %s\n", b.name, status, roughly(t.Updated.Sub(t.Created)))
	}
}

// plain shows a task where lines stay: one for each change, but not for each of many small steps.
type plain struct {
	out    io.Writer
	now    func() time.Time
	last   client.Task
	lastAt time.Time
	away   bool // and said so
}

// While nothing but the progress moves, a line is written this often, or when it moved that far: a log is to be read afterwards.
const (
	pace   = 10 * time.Second
	stride = 0.05
)

func (p *plain) show(t client.Task) {
	now := p.now()
	if !p.worth(t, now) {
		return
	}
	p.last, p.lastAt = t, now
	fmt.Fprintln(p.out, now.Format(time.TimeOnly), standing(t, " "))
}

func (p *plain) worth(t client.Task, now time.Time) bool {
	switch {
	case t.Status != p.last.Status, t.Attempts.Failures != p.last.Attempts.Failures:
		return true
	case words(t) == words(p.last):
		return false
	}
	return t.Status != tasks.Working || now.Sub(p.lastAt) >= pace || math.Abs(share(t)-share(p.last)) >= stride
}

// share is how much of the task is done; 0 where nobody knows.
func share(t client.Task) float64 {
	if t.Progress.Total <= 0 {
		return 0
	}
	return min(1, max(0, t.Progress.Done/t.Progress.Total))
}

// standing is the status and what is said about it.
func standing(t client.Task, gap string) string {
	return strings.Join(some(row(t)), gap)
}

// trouble is a line when the server is away, and one when it is back.
func (p *plain) trouble(t trouble) {
	now := p.now()
	switch told := t.told(now); {
	case told && !p.away:
		fmt.Fprintf(p.out, "%s no contact (%s): trying again\n", now.Format(time.TimeOnly), t.why)
		p.away = true
	case p.away && t.since.IsZero():
		fmt.Fprintf(p.out, "%s the server answers again\n", now.Format(time.TimeOnly))
		p.away = false
	}
}

func (p *plain) write(line string) { fmt.Fprintln(p.out, line) }

func (p *plain) clear() {}

// words say how a task stands.
func words(t client.Task) string {
	if t.Message == "" && t.Progress.Total > 0 {
		return t.Progress.Summary()
	}
	return t.Message
}
