package server

import (
	"bufio"
	"fmt"
	"io"
	"unicode/utf8"
)

// escape copies n bytes of text into a JSON string.
func escape(out *bufio.Writer, in io.Reader, n int64) error {
	e := &escaper{out: out}
	if _, err := io.CopyN(e, in, n); err != nil {
		return err
	}
	return e.close()
}

// escaper writes text as the inside of a JSON string, piece by piece: a piece may end within a character.
type escaper struct {
	out  *bufio.Writer
	half []byte
}

// Write cannot fail: close tells.
func (e *escaper) Write(p []byte) (int, error) {
	e.write(p)
	return len(p), nil
}

func (e *escaper) write(p []byte) {
	if len(e.half) > 0 {
		p = append(e.half, p...)
		e.half = nil
	}
	for len(p) > 0 {
		if c := p[0]; c < utf8.RuneSelf {
			e.ascii(c)
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			e.half = append([]byte(nil), p...)
			return
		}
		r, size := utf8.DecodeRune(p)
		_, _ = e.out.WriteRune(r) // a byte that is no character becomes U+FFFD
		p = p[size:]
	}
}

func (e *escaper) ascii(c byte) {
	switch {
	case c == '"' || c == '\\':
		_ = e.out.WriteByte('\\')
		_ = e.out.WriteByte(c)
	case c == '\n':
		_, _ = e.out.WriteString(`\n`)
	case c < 0x20:
		_, _ = fmt.Fprintf(e.out, `\u%04x`, c)
	default:
		_ = e.out.WriteByte(c)
	}
}

// close writes what is left of a character that was cut, and returns the first error of all that was written.
func (e *escaper) close() error {
	if len(e.half) > 0 {
		_, _ = e.out.WriteRune(utf8.RuneError)
	}
	_, err := e.out.Write(nil)
	return err
}
