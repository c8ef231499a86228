package store

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

const (
	compressAbove = 16 << 10
	maxInflated   = 64 << 20 // far above every limit on what goes in
)

var gzipMagic = []byte{0x1f, 0x8b}

// pack compresses a large JSON document if that makes it smaller. JSON never starts with gzip's first byte.
func pack(doc []byte) []byte {
	if len(doc) <= compressAbove {
		return doc
	}
	var buf bytes.Buffer
	w, _ := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if _, err := w.Write(doc); err != nil || w.Close() != nil || buf.Len() >= len(doc) {
		return doc
	}
	return buf.Bytes()
}

func unpack(stored string) ([]byte, error) {
	if len(stored) < 2 || stored[0] != gzipMagic[0] || stored[1] != gzipMagic[1] {
		return []byte(stored), nil
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(stored)))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	doc, err := io.ReadAll(io.LimitReader(r, maxInflated))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return doc, nil
}
