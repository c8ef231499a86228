package command

import "io"

const maxSpool = 4 << 30

// spool keeps all of a program's output, up to maxSpool, byte for byte.
type spool struct {
	to      io.Writer // nil: nobody would read it
	written int64
	err     error
}

// Write cannot fail: a spool that is full keeps what it has.
func (s *spool) Write(p []byte) (int, error) {
	if s.to == nil || s.err != nil {
		return len(p), nil
	}
	n, err := s.to.Write(p[:min(int64(len(p)), maxSpool-s.written)])
	s.written += int64(n)
	s.err = err
	return len(p), nil
}
