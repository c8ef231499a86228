package loganalysis

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

// identity is what a file is known by in a later attempt. The device is left out: machines that mount the same directory number
// it differently.
type identity struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"` // so much is read of it, even if it grows
	Modified int64  `json:"modified"`
	Inode    uint64 `json:"inode"`
	Head     string `json:"head,omitempty"` // of its first bytes, once it was opened
	Tail     string `json:"tail,omitempty"` // of the last bytes that are merged
}

func (s source) identity() identity {
	return identity{Name: s.name, Size: s.info.Size(), Modified: s.info.ModTime().UnixNano(), Inode: inode(s.info)}
}

// grown reports whether a file is the one that was listed, unchanged or longer.
func (id identity) grown(s source) bool {
	now := s.identity()
	return now.Inode == id.Inode && (now.Size > id.Size || now.Size == id.Size && now.Modified == id.Modified)
}

// holds reports whether a file still has what is merged of it, up to an offset. One that was cut and written anew, as some rotate logs,
// may have become longer than it was: the first bytes and the last ones tell.
func (id identity) holds(s source, merged int64) bool {
	if !id.grown(s) {
		return false
	}
	f, err := s.open()
	if err != nil {
		return false
	}
	defer f.Close() // only read from: nothing can be lost
	head, headErr := headOf(f, id.Size)
	tail, tailErr := tailOf(f, merged)
	return headErr == nil && tailErr == nil && digest(head) == id.Head && tail == id.Tail
}

const printLen = 4 << 10 // bytes at either end

// headOf is the first bytes of a file.
func headOf(f *os.File, size int64) ([]byte, error) { return stretchOf(f, 0, min(printLen, size)) }

// tailOf is the digest of the bytes in front of an offset.
func tailOf(f *os.File, end int64) (string, error) {
	n := min(printLen, end)
	b, err := stretchOf(f, end-n, n)
	return digest(b), err
}

func stretchOf(f *os.File, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	got, err := f.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		err = nil // it was cut meanwhile
	}
	return b[:got], err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
