package command

import (
	"errors"
	"io"
	"os"
	"time"
)

// process is a running program, and all that it starts.
type process struct {
	stdin          *os.File // nil: the program gets none
	stdout, stderr *os.File

	gone  chan struct{} // closed when nothing is left of it
	ended chan exit     // gets then how it ended

	stop  func() // SIGTERM, and after the grace SIGKILL; does not wait
	close func() // releases what is held for it; only when it has ended, or may be killed
}

// pipes are the two ends of a program's streams.
type pipes struct {
	ours   process
	theirs []*os.File // stdin, stdout, stderr; a nil stdin is empty
}

func newPipes(input bool) (*pipes, error) {
	p := &pipes{ours: process{gone: make(chan struct{}), ended: make(chan exit, 1)}, theirs: make([]*os.File, 3)}
	var errs [3]error
	if input {
		p.theirs[0], p.ours.stdin, errs[0] = os.Pipe()
	}
	p.ours.stdout, p.theirs[1], errs[1] = os.Pipe()
	p.ours.stderr, p.theirs[2], errs[2] = os.Pipe()
	if err := errors.Join(errs[:]...); err != nil {
		p.closeTheirs()
		p.ours.closePipes()
		return nil, err
	}
	return p, nil
}

func (p *pipes) closeTheirs() {
	for _, f := range p.theirs {
		_ = f.Close() // one that is nil, or closed, does not mind
	}
}

func (p *process) closePipes() {
	for _, f := range []*os.File{p.stdin, p.stdout, p.stderr} {
		_ = f.Close()
	}
}

// leftover is how long a stream is read on that somebody holds open though nothing of the program is left: a process that got it by
// other ways than being started.
const leftover = time.Second

// end tells that nothing of the program is left.
func (p *process) end(e exit) {
	close(p.gone)
	for _, f := range []*os.File{p.stdout, p.stderr} {
		_ = f.SetReadDeadline(time.Now().Add(leftover)) // read sees to what it cannot do
	}
	p.ended <- e
}

// read hands on what the program writes, to the last byte.
func (p *process) read(from *os.File, to io.Writer) {
	buf := make([]byte, 64<<10)
	for {
		last := false
		select {
		case <-p.gone: // whoever we write to may have taken long: what is there is read all the same
			last = true
			_ = from.SetReadDeadline(time.Now().Add(leftover))
		default:
		}
		n, err := from.Read(buf)
		_, _ = to.Write(buf[:n]) // it cannot fail
		if err != nil && (last || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return
		}
	}
}
