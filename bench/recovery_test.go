package bench

import (
	"flag"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

var kills = flag.Int("kills", 20, "how many workers BenchmarkRecovery kills")

// batch is how many workers are killed within a few seconds of each other.
const batch = 5

// BenchmarkRecovery is the time from kill -9 of a worker to the moment at which its task runs again on another.
func BenchmarkRecovery(b *testing.B) {
	for b.Loop() {
		f := rig.New(b)
		at, seen := f.Server().Client(b), f.Server().Client(b)
		var took []time.Duration
		for len(took) < *kills {
			took = append(took, f.Kills(at, seen, min(batch, *kills-len(took)))...)
		}
		table(b, spreadHead, spread("killed → runs again", took))
		b.ReportMetric(rig.Percentile(took, 50).Seconds(), "p50-s")
		b.ReportMetric(rig.Percentile(took, 95).Seconds(), "p95-s")
	}
	b.ReportMetric(0, "ns/op")
}
