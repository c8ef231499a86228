package rig

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a process has said so far.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // closed, and replaced, when there is more
}

func newOutput() *output { return &output{more: make(chan struct{})} }

// Write takes what a process says.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.buf.Write(b)
}

func (o *output) text() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String(), o.more
}

// line waits for a whole line that contains all the words.
func (o *output) line(t testing.TB, patience time.Duration, words ...string) (string, bool) {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		text, more := o.text()
		for line := range strings.Lines(text) {
			if strings.HasSuffix(line, "\n") && containsAll(line, words) {
				return line, true
			}
		}
		select {
		case <-more:
		case <-end.C:
			return "", false
		}
	}
}

func containsAll(line string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(line, w) {
			return false
		}
	}
	return true
}
