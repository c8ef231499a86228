package bench

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

var watch = flag.Duration("watch", 30*time.Second, "how long BenchmarkIdle counts")

// settled is how long new processes have to go quiet.
const settled = 5 * time.Second

// BenchmarkIdle is how many commands one more idle worker sends to Redis in a second. What the elected keeper sends is told apart
// by counting with two numbers of workers. Commands within scripts are the script's: MONITOR marks them.
func BenchmarkIdle(b *testing.B) {
	const more = 4
	for b.Loop() {
		f := rig.New(b)
		f.Server()
		f.Worker()
		one := idle(b, f)
		for range more {
			f.Worker()
		}
		many := idle(b, f)
		each := (many - one) / more
		table(b, []any{"", "commands/s"},
			[]any{"a server and a worker, one of them the keeper", fmt.Sprintf("%.2f", one)},
			[]any{fmt.Sprintf("a server and %d workers", 1+more), fmt.Sprintf("%.2f", many)},
			[]any{"so each further worker", fmt.Sprintf("%.2f", each)})
		b.ReportMetric(each, "commands/s/worker")
	}
	b.ReportMetric(0, "ns/op")
}

// idle counts what the fleet sends to Redis in a second when nobody asks it for anything.
func idle(b *testing.B, f *rig.Fleet) float64 {
	b.Helper()
	rig.After(b, settled)
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", f.Redis.Addr())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := conn.SetReadDeadline(begin.Add(*watch)); err != nil {
		b.Fatal(err)
	}
	n := 0
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		// +1700000000.000000 [0 127.0.0.1:50000] "evalsha" ... or, within a script, [0 lua]
		if text := lines.Text(); strings.Contains(text, " [") && !strings.Contains(text, " lua] ") {
			n++
		}
	}
	return float64(n) / time.Since(begin).Seconds()
}
