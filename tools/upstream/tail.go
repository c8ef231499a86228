package upstream

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// tail keeps the last lines that are written to it.
type tail struct {
	mu    sync.Mutex
	part  []byte // of a line that is not ended
	lines []string
}

const (
	maxTail      = 512 // bytes of a line
	maxTailLines = 40
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range p {
		switch {
		case b == '\n':
			t.endLine()
		case len(t.part) < maxTail:
			t.part = append(t.part, b)
		}
	}
	return len(p), nil
}

// endLine keeps the line that was written, unless it is blank. mu is held.
func (t *tail) endLine() {
	line := strings.TrimRight(strings.ToValidUTF8(string(t.part), "\uFFFD"), " \t\r")
	t.part = t.part[:0]
	if line == "" {
		return
	}
	if len(t.lines) == maxTailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

// ending says how a program ended, with what it wrote to stderr about that.
func (t *tail) ending(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLine()
	how := "it ended"
	if err != nil {
		how = "it ended with " + err.Error()
	}
	if why := telling(t.lines); why != "" {
		how += ": " + why
	}
	return errors.New(how)
}

// names an error: the last line often does not. Node ends with its version, npm with where its log is, Go with a stack.
var namesError = regexp.MustCompile(`^(?:[\w.]*(?:Error|Exception)\b|(?i:(?:uncaught |unhandled |fatal )?error\b)|panic: |fatal: |npm (?:error|ERR!) code )`)

// telling is the last line that names an error, if there is one, and the last line.
func telling(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	last := strings.TrimSpace(lines[len(lines)-1])
	for _, line := range slices.Backward(lines) {
		if namesError.MatchString(line) && line != last {
			return line + " … " + last
		}
		if line == last && namesError.MatchString(line) {
			break
		}
	}
	return last
}
