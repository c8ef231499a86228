package command

import (
	"bytes"
	"errors"
)

// maxMessage bounds a line of the protocol, and with it what a program can make us hold.
const maxMessage = 4 << 20

// splitter parts what a program writes into messages and plain output, in constant memory whatever it writes. Every byte goes to one of
// the two, in order.
type splitter struct {
	message func(m message)
	plain   func(text []byte)
	slip    func(error) // a line names a message and is none: it is plain
	tooLong func()      // a line that began like a message had more than maxMessage bytes

	inLine bool   // the line that we are in is plain
	held   []byte // the beginning of a line that may be a message
}

// Write takes the next piece, which may end anywhere.
func (s *splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		switch {
		case len(s.held) > 0 || !s.inLine && p[0] == '{':
			p = s.hold(p)
		default:
			p = s.pass(p)
		}
	}
	return n, nil
}

// pass hands plain lines on, up to the next one that may be a message.
func (s *splitter) pass(p []byte) (rest []byte) {
	n := len(p)
	if i := bytes.Index(p, []byte("\n{")); i >= 0 {
		n = i + 1
	}
	s.plain(p[:n])
	s.inLine = p[n-1] != '\n'
	return p[n:]
}

// hold gathers a line that may be a message.
func (s *splitter) hold(p []byte) (rest []byte) {
	n, whole := len(p), false
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		n, whole = i+1, true
	}
	if len(s.held)+n > maxMessage {
		s.tooLong()
		s.release()
		s.inLine = true
		return p
	}
	s.held = append(s.held, p[:n]...)
	if whole {
		s.decide()
	}
	return p[n:]
}

func (s *splitter) decide() {
	m, err := parseMessage(s.held)
	switch {
	case err == nil:
		s.message(m)
		s.held = nil // what it holds may refer to it
		return
	case !errors.Is(err, errOutput):
		s.slip(err)
	}
	s.release()
}

func (s *splitter) release() {
	if len(s.held) > 0 {
		s.plain(s.held)
	}
	s.held = nil
}

// Close takes what there is of a last line.
func (s *splitter) Close() error {
	if len(s.held) > 0 {
		s.decide()
	}
	return nil
}
