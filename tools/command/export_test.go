package command

import (
	"io"
	"strings"
)

// Split parts what a program writes, handed over in pieces, into messages and plain output.
func Split(pieces [][]byte) (messages int, plain []byte, tooLong int) {
	s := &splitter{
		message: func(message) { messages++ },
		plain:   func(text []byte) { plain = append(plain, text...) },
		slip:    func(error) {},
		tooLong: func() { tooLong++ },
	}
	for _, p := range pieces {
		_, _ = s.Write(p)
	}
	_ = s.Close()
	return messages, plain, tooLong
}

// IsMessage reports whether a line is a message.
func IsMessage(line []byte) bool {
	_, err := parseMessage(line)
	return err == nil
}

// Keep is what a transcript keeps of pieces, and how many bytes it left out.
func Keep(head, tail int, pieces ...[]byte) (string, int64) {
	t := transcript{maxHead: head, maxTail: tail}
	for _, p := range pieces {
		_, _ = t.Write(p)
	}
	return t.String(), t.omitted()
}

// Spool writes pieces to a spool that has got so many bytes before.
func Spool(to io.Writer, before int64, pieces ...[]byte) error {
	s := spool{to: to, written: before}
	for _, p := range pieces {
		_, _ = s.Write(p)
	}
	return s.err
}

// Draw is what a terminal shows of pieces in the end, and what each piece drew.
func Draw(pieces ...[]byte) (shown string, drawn []string) {
	var b strings.Builder
	d := drawing{to: &b, drawn: func(text []byte) { drawn = append(drawn, string(text)) }}
	for _, p := range pieces {
		_, _ = d.Write(p)
	}
	d.flush()
	return b.String(), drawn
}

// MaxDrawn bounds a line that is drawn over.
const MaxDrawn = maxDrawn

// MaxSpool bounds what is spooled.
const MaxSpool = maxSpool

// MaxMessage bounds a message.
const MaxMessage = maxMessage

// ArtifactName is what a file is called in the blob store.
func ArtifactName(file string) string { return artifactName(file) }

// Legible is what is told of drawn text.
func Legible(text []byte) string { return legible(text) }
