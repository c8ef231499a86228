package loganalysis_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

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

var mib = flag.Int("mib", 100, "MiB of log that BenchmarkCheckpoints reads")

// distinct is n bytes of access log in which nearly every client and path is new, and many agents are.
func distinct(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, n+1024)
	for i := 0; len(b) < n; i++ {
		at := time.Unix(1431820800+int64(i/50), 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
		ip := r.Uint32()
		b = fmt.Appendf(b, "%d.%d.%d.%d - - [%s] \"GET /orders/%016x/items?page=%d HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) build/%d\"\n",
			ip>>24, ip>>16&255, ip>>8&255, ip&255, at, r.Uint64(), r.IntN(50), 200+r.IntN(2)*204, r.IntN(1<<20), r.IntN(200_000))
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

// What checkpoints cost: with them, and without, on a log of few and one of many different values.
func BenchmarkCheckpoints(b *testing.B) {
	access := sampleText(b, "apache_access.log.gz")
	for name, text := range map[string][]byte{"few": bytes.Repeat(access, *mib<<20/len(access)), "many": distinct(*mib << 20)} {
		dir := b.TempDir()
		write(b, dir, "big.log", string(text))
		for kind, pace := range map[string]loganalysis.Pace{"with": loganalysis.Usual(), "without": loganalysis.Lazy(0)} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					nb := &notebook{}
					if _, err := attempt(b, context.Background(), pace, nb, nil, dir); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(nb.writes), "checkpoints")
					b.ReportMetric(float64(len(nb.kept)), "bytes")
				}
			})
		}
	}
}
