package command

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	maxEntries  = 20 // a second
	maxEntryLen = 4 << 10
)

// meter passes a program's log on, so many lines a second, and says how many it left out.
type meter struct {
	mu      sync.Mutex
	attempt *tasks.Attempt
	since   time.Time
	passed  int
	dropped int
}

func (m *meter) log(level slog.Level, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.since) >= time.Second {
		m.confess()
		m.since, m.passed = now, 0
	}
	if m.passed == maxEntries {
		m.dropped++
		return
	}
	m.passed++
	m.attempt.Log(level, "%s", text)
}

// confess says what was left out.
func (m *meter) confess() {
	if m.dropped > 0 {
		m.attempt.Log(slog.LevelWarn, "%d lines of the program's log were left out: it may write %d a second", m.dropped, maxEntries)
		m.dropped = 0
	}
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.confess()
}

// liner hands on the lines of a stream, of each as much as a log takes.
type liner struct {
	line func(text string)
	held []byte
	long bool // the rest of this line is left out
}

func (l *liner) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\n':
			l.flush()
		case len(l.held) == maxEntryLen:
			l.long = true
		default:
			l.held = append(l.held, c)
		}
	}
	return len(p), nil
}

func (l *liner) flush() {
	text := strings.TrimRight(strings.ToValidUTF8(string(l.held), "\uFFFD"), "\r")
	if l.long {
		text += "…"
	}
	if text != "" {
		l.line(text)
	}
	l.held, l.long = l.held[:0], false
}
