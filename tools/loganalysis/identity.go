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
}

func (s source) identity() identity {
	return identity{Name: s.name, Size: s.info.Size(), Modified: s.info.ModTime().UnixNano(), Inode: inode(s.info)}
}

// grown reports whether a file is the one that was listed, unchanged or longer.
func (id identity) grown(s source) bool {
	now := s.identity()
	return now.Inode == id.Inode && (now.Size > id.Size || now.Size == id.Size && now.Modified == id.Modified)
}

// holds reports whether a file still begins with what was read of it. One that was cut and written anew, as some rotate logs, may
// have become longer than it was: its first bytes tell.
func (id identity) holds(s source) bool {
	if !id.grown(s) {
		return false
	}
	f, err := s.open()
	if err != nil {
		return false
	}
	defer f.Close() // only read from: nothing can be lost
	head, err := headOf(f, id.Size)
	return err == nil && digest(head) == id.Head
}

const headLen = 4 << 10

// headOf is the first bytes of a file.
func headOf(f *os.File, size int64) ([]byte, error) {
	head := make([]byte, min(headLen, size))
	n, err := f.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil // it was cut meanwhile
	}
	return head[:n], err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
