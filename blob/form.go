package blob

import (
	"bytes"
	"unicode/utf8"
)

// Form describes an object so that parts of it can be read without the rest.
type Form struct {
	Size  int64   `json:"size"`
	Lines int64   `json:"lines"`
	Text  bool    `json:"text"`            // valid UTF-8 without NUL
	Marks []int64 `json:"marks,omitempty"` // how many lines end before each multiple of Stride
}

// Stride is how far apart the marks of a Form are: an object of 4 GiB has 256.
const Stride = 16 << 20

// Find returns where to start reading to get to a line, counted from 0, and how many lines to skip from there.
func (f Form) Find(line int64) (offset, skip int64) {
	n := 0
	for n < len(f.Marks) && f.Marks[n] < line { // the line begins after this mark
		n++
	}
	if n == 0 {
		return 0, line
	}
	return int64(n) * Stride, line - f.Marks[n-1]
}

// Former works out the Form of what is written to it.
type Former struct {
	form   Form
	binary bool
	half   []byte // the beginning of a character that was cut
	open   bool   // the last line has not ended
}

// Write cannot fail.
func (f *Former) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(int64(len(p)), Stride-f.form.Size%Stride)
		f.take(p[:k])
		p = p[k:]
	}
	return n, nil
}

// take takes bytes among which there is no mark, except at their end.
func (f *Former) take(p []byte) {
	f.form.Size += int64(len(p))
	f.form.Lines += int64(bytes.Count(p, []byte{'\n'}))
	f.open = p[len(p)-1] != '\n'
	if f.form.Size%Stride == 0 {
		f.form.Marks = append(f.form.Marks, f.form.Lines)
	}
	f.judge(p)
}

// judge finds out whether it is still text.
func (f *Former) judge(p []byte) {
	if f.binary {
		return
	}
	for len(f.half) > 0 && len(p) > 0 && !utf8.FullRune(f.half) {
		f.half, p = append(f.half, p[0]), p[1:]
	}
	if len(f.half) > 0 {
		if !utf8.FullRune(f.half) {
			return
		}
		f.binary = !utf8.Valid(f.half)
		f.half = f.half[:0]
	}
	cut := len(p)
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				cut = len(p) - i
			}
			break
		}
	}
	f.half = append(f.half, p[cut:]...)
	f.binary = f.binary || bytes.IndexByte(p, 0) >= 0 || !utf8.Valid(p[:cut])
}

// Form returns the form of all that was written.
func (f *Former) Form() Form {
	form := f.form
	if f.open {
		form.Lines++
	}
	form.Text = !f.binary && len(f.half) == 0
	return form
}
