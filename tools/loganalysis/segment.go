package loganalysis

import (
	"bytes"
	"errors"
	"io"
)

// segment is a stretch of a file: the lines that begin in it. Segments are the same in every attempt and however many readers
// there are. A gzip file is one, as is an empty one.
type segment struct {
	file     *logFile
	from, to int64
}

// Segments are small against all there is to read, since an attempt that is killed loses those it has begun.
const (
	segmentShare = 128
	minSegment   = 1 << 20
	maxSegment   = 16 << 20
)

func segmentSize(total int64) int64 { return min(max(total/segmentShare, minSegment), maxSegment) }

func (s segment) last() bool { return s.to == s.file.id.Size }

// start is where the first line begins, or the end if none does.
func (s segment) start() (int64, error) {
	if s.from == 0 {
		return 0, nil
	}
	var piece [4 << 10]byte
	for at := s.from - 1; at < s.to; { // a line begins at from if the byte before ends one
		n, err := s.file.file.ReadAt(piece[:min(int64(len(piece)), s.to-at)], at)
		if i := bytes.IndexByte(piece[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		if at += int64(n); err != nil {
			return s.to, ignoreEOF(err)
		}
	}
	return s.to, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// stretch reads a file up to an offset, and past it only what the last line may need: the rest is another segment's.
type stretch struct {
	segment
	at int64
}

const tail = 4 << 10

func (s *stretch) Read(p []byte) (int, error) {
	end := s.to
	if s.at >= s.to {
		end = min(s.at+tail, s.file.id.Size)
	}
	if s.at >= end {
		return 0, io.EOF // also if the file has grown: one that grows while it is read would never end
	}
	n, err := s.file.file.ReadAt(p[:min(int64(len(p)), end-s.at)], s.at)
	if s.at += int64(n); n > 0 {
		err = nil
	}
	return n, err
}
