package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// report tells what was done, and what came of it.
func report(p Plan, h *History, verdicts []verdict, r Recovery) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("seed %d, %s", p.Seed, p.Length)

	faults := make(map[string]int)
	for _, in := range h.Faults {
		faults[string(in.Kind)]++
	}
	say("%d faults:%s", len(h.Faults), table(faults))

	kinds, ends := make(map[string]int), make(map[string]int)
	acknowledged, doubtful, retold := 0, 0, 0
	for _, c := range h.Clients {
		acknowledged += min(1, len(c.IDs))
		doubtful += len(c.Strays)
		retold += max(0, len(c.IDs)-1)
	}
	attempts := 0
	for _, rec := range h.Records {
		kinds[rec.Tool]++
		ends[rec.Status]++
	}
	for _, e := range h.Ledger {
		if e.Event == image.Started {
			attempts++
		}
	}
	say("%d tasks created, %d of them acknowledged, %d repeats by idempotency key, %d creates in doubt:%s", len(h.Records), acknowledged, retold, doubtful, table(kinds))
	say("%d attempts started, at most %d at once in a worker with %d slots; tasks ended:%s", attempts, h.peak(), h.Slots, table(ends))
	events := 0
	for _, rec := range h.Records {
		events += len(rec.Events)
	}
	say("invariants, over %d records, %d events and %d lines of the ledger:", len(h.Records), events, len(h.Ledger))
	for i, v := range verdicts {
		state := "held  "
		if len(v.broken) > 0 {
			state = "BROKEN"
		}
		say("  %s %7d looked at  %s", state, v.looked, invariants[i].name)
		for _, what := range v.broken[:min(len(v.broken), 20)] {
			say("         %s", what)
		}
		if n := len(v.broken) - 20; n > 0 {
			say("         … and %d more", n)
		}
	}
	say("from kill -9 of a worker to running again:      %s", percentiles(r.Killed))
	say("  within an outage of Redis or 45 s after it:   %s", percentiles(r.Outage))
	say("  not run again, since their tasks had ended:   %d", r.Lost)
	slowest(say, h, r.Killed, quickKill)
	say("from giving back at a drain to running again:   %s", percentiles(r.Drained))
	say("  within an outage of Redis or 45 s after it:   %s", percentiles(r.Retired))
	slowest(say, h, r.Drained, quickDrain)
	say("from the end of a task to a subscription's word: %s", percentiles(r.Heard))
	return b.String()
}

func table(m map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "\n  %5d %s", m[name], name)
	}
	return b.String()
}

// slowest shows the last few samples that took longer than they should, and what was broken meanwhile.
func slowest(say func(string, ...any), h *History, sorted []Sample, limit time.Duration) {
	for _, s := range sorted[max(0, len(sorted)-5):] {
		if s.Took <= limit {
			continue
		}
		var broken []string
		for _, in := range h.Faults {
			if in.during(s, 0) {
				broken = append(broken, fmt.Sprintf("%s (%d)", in.Kind, in.Victim+1))
			}
		}
		say("    %s of task %s, meanwhile: %s", s.Took.Round(time.Millisecond), s.Task, strings.Join(broken, ", "))
	}
}

// percentile is the time that p of 100 samples do not exceed.
func percentile(sorted []Sample, p int) time.Duration {
	took := make([]time.Duration, len(sorted))
	for i, s := range sorted {
		took[i] = s.Took
	}
	return rig.Percentile(took, p).Round(time.Millisecond)
}

func percentiles(sorted []Sample) string {
	if len(sorted) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d, p50 %s, p95 %s, longest %s", len(sorted), percentile(sorted, 50), percentile(sorted, 95), percentile(sorted, 100))
}
