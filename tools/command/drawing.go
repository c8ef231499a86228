package command

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// maxDrawn bounds a line that may be drawn over. A longer one is none of a terminal, and its carriage returns are as good as other characters.
const maxDrawn = 4 << 10

// drawing hands text on as a terminal shows it in the end: of a line that is drawn over with carriage returns, as a bar of progress is,
// what was drawn last. Meanwhile it tells what is drawn.
type drawing struct {
	to    io.Writer // cannot fail
	drawn func(text []byte)

	held []byte // the line, since it was last drawn over
	anew bool   // it was
	long bool   // it is too long to be held, and handed on as it comes
	over int64  // how many bytes of text were drawn over: of a bar, or of lines that end in bare carriage returns
}

// Write takes the next piece, which may end anywhere.
func (d *drawing) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		p = p[d.next(p):]
	}
	if text := bytes.TrimSpace(d.held); d.anew && len(text) > 0 {
		d.drawn(text)
	}
	return n, nil
}

// next takes lines in which nothing is drawn as they are, or what there is of one line.
func (d *drawing) next(p []byte) int {
	if k := wholeLines(p[:through(p, '\r')]); k > 0 && len(d.held) == 0 && !d.long {
		d.pass(p[:k])
		return k
	}
	k := through(p, '\n')
	d.take(p[:k])
	if p[k-1] == '\n' {
		d.flush()
	}
	return k
}

func wholeLines(p []byte) int { return bytes.LastIndexByte(p, '\n') + 1 }

// take takes a piece of a line.
func (d *drawing) take(p []byte) {
	for len(p) > 0 && !d.long {
		k := through(p, '\r')
		d.put(p[:k])
		p = p[k:]
	}
	d.pass(p)
}

// put takes text of which at most the last character is a carriage return.
func (d *drawing) put(p []byte) {
	if bytes.HasSuffix(d.held, []byte{'\r'}) && p[0] != '\r' && p[0] != '\n' { // otherwise it may be how lines end on Windows
		d.over += int64(len(bytes.TrimSpace(d.held)))
		d.held, d.anew = d.held[:0], true
	}
	d.held = append(d.held, p...)
	if len(d.held) > maxDrawn {
		d.pass(d.held)
		d.held, d.anew, d.long = d.held[:0], false, true
	}
}

// flush ends the line.
func (d *drawing) flush() {
	d.pass(d.held)
	d.held, d.anew, d.long = d.held[:0], false, false
}

func (d *drawing) pass(p []byte) { _, _ = d.to.Write(p) }

// through is how much of p comes up to the first c, or all of it.
func through(p []byte, c byte) int {
	if i := bytes.IndexByte(p, c); i >= 0 {
		return i + 1
	}
	return len(p)
}

// escapes are what terminals obey: CSI, OSC (such as a title) and the shorter ones, also where a piece of text ends within.
var escapes = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)`)

// legible is what is left of drawn text for those who have no terminal.
func legible(text []byte) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, escapes.ReplaceAllLiteralString(string(text), ""))
	return strings.TrimSpace(s)
}
