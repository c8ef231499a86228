package loganalysis

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const maxLine = 1 << 20

// lines cuts a text into lines without copying them. A line is valid until the next call.
type lines struct{ r *bufio.Reader }

func newLines() lines { return lines{bufio.NewReaderSize(nil, maxLine)} }

// next returns a line without its end, and the bytes it took. A line over maxLine has been skipped: long is true.
func (l lines) next() (line []byte, size int64, long bool, err error) {
	line, err = l.r.ReadSlice('\n')
	size = int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		more, err := l.skip()
		return nil, size + more, true, err
	}
	if err == io.EOF && len(line) > 0 {
		err = nil // the last line has no end
	}
	return trimEnd(line), size, false, err
}

func (l lines) skip() (size int64, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		size += int64(len(part))
		switch {
		case err == nil || err == io.EOF:
			return size, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return size, err
		}
	}
}

// sample shows the beginning of the text, whole lines only unless there is no more, and leaves it unread.
// It is empty if there is nothing left, or if the first line is too long.
func (l lines) sample() ([]byte, error) {
	head, err := l.r.Peek(maxLine)
	if err == nil {
		return head[:bytes.LastIndexByte(head, '\n')+1], nil
	}
	if err == io.EOF {
		err = nil
	}
	return head, err
}

func (l lines) ended() bool {
	_, err := l.r.Peek(1)
	return err == io.EOF
}

func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
