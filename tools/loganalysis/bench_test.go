package loganalysis_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

// sampleText is a sample log, unpacked.
func sampleText(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) != ".gz" {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return b
}

// One file, so one reader: what a core does.
func BenchmarkAnalyze(b *testing.B) {
	for _, name := range []string{"apache_access.log.gz", "openssh_auth.log"} {
		b.Run(name, func(b *testing.B) {
			text := bytes.TrimRight(sampleText(b, name), "\r\n")
			text = append(text, '\n')
			text = bytes.Repeat(text, 100<<20/len(text))
			dir := b.TempDir()
			write(b, dir, "big.log", string(text))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := call(b, context.Background(), &recorder{}, dir, loganalysis.In{Path: "big.log"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
