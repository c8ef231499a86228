package command

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// transcript keeps the beginning and the end of what is written to it.
type transcript struct {
	head, tail []byte // tail is a ring
	maxHead    int
	maxTail    int
	written    int64
}

const (
	keptOfOutput = 64 << 10 // of its beginning, and as much of its end
	keptOfErrors = 8 << 10  // of its end alone
)

// Write cannot fail.
func (t *transcript) Write(p []byte) (int, error) {
	n := len(p)
	if free := t.maxHead - len(t.head); free > 0 {
		k := min(free, len(p))
		t.head = append(t.head, p[:k]...)
		t.written += int64(k)
		p = p[k:]
	}
	if skip := len(p) - t.maxTail; skip > 0 {
		t.written += int64(skip)
		p = p[skip:]
	}
	for len(p) > 0 {
		p = p[t.put(p):]
	}
	return n, nil
}

// put writes into the ring at the place that belongs to the next byte, up to the ring's end.
func (t *transcript) put(p []byte) int {
	if t.tail == nil {
		t.tail = make([]byte, t.maxTail)
	}
	k := copy(t.tail[t.at():], p)
	t.written += int64(k)
	return k
}

// at is where in the ring the next byte belongs.
func (t *transcript) at() int { return int((t.written - int64(t.maxHead)) % int64(t.maxTail)) }

// omitted is how many bytes between the beginning and the end were not kept.
func (t *transcript) omitted() int64 { return max(0, t.written-int64(t.maxHead)-int64(t.maxTail)) }

// String is what was kept, as valid text.
func (t *transcript) String() string {
	head, tail := string(t.head), t.end()
	if n := t.omitted(); n > 0 {
		head, tail = withoutHalfRune(head), tail[strayBytes(tail):]
		if t.maxHead > 0 {
			tail = fmt.Sprintf("\n… %d bytes left out …\n%s", n, tail)
		}
	}
	return strings.ToValidUTF8(head+tail, "\uFFFD")
}

func (t *transcript) end() string {
	n := t.written - int64(t.maxHead)
	switch {
	case n <= 0:
		return ""
	case n <= int64(t.maxTail):
		return string(t.tail[:n])
	}
	return string(t.tail[t.at():]) + string(t.tail[:t.at()])
}

// withoutHalfRune drops what a cut has left of a character at the end of s.
func withoutHalfRune(s string) string {
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		if b := s[len(s)-i]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRuneInString(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}

// strayBytes is how many bytes at the beginning of s a cut has left of a character.
func strayBytes(s string) int {
	n := 0
	for n < len(s) && n < utf8.UTFMax-1 && !utf8.RuneStart(s[n]) {
		n++
	}
	return n
}
