package chaos

import (
	"cmp"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// aside is for how long after an outage of Redis nobody can be expected to recover as quickly as otherwise: for 30 s nobody is reaped,
// and then it takes the 15 s that it always takes.
const aside = 45 * time.Second

// What is promised of 95 in 100.
const (
	quickKill  = 20 * time.Second
	quickDrain = 2 * time.Second
)

// Recovery is how long tasks took to run again.
type Recovery struct {
	Killed  []Sample // from kill -9 of the worker to the next start in the ledger
	Outage  []Sample // the same, of kills within an outage of Redis or the 45 s after it
	Drained []Sample // from the moment at which a worker that stops gave the attempt back, as its event says
	Retired []Sample // the same, within an outage or the 45 s after it
	Heard   []Sample // from the end of a task to the moment at which a subscription told of it
	Lost    int      // tasks of killed workers that did not run again: ended, or never to be run twice
}

// Sample is how long one task took.
type Sample struct {
	Took time.Duration
	From time.Time
	Task string
}

// recovery measures every attempt that ran in a worker when it was killed, and every one that was given back at a drain. An attempt is
// running again when its task's next tool starts, wherever that is; the time includes waiting for a slot, which the stage has to spare.
// If the next worker was killed or stopped too, between its claim and the start of the tool, the claim counts: the rest is that fault's.
func recovery(h *History) Recovery {
	var r Recovery
	ledgers, records := h.ledgers(), h.records()
	for _, l := range h.Lives {
		if !l.Killed {
			continue
		}
		for _, s := range cutOff(h, ledgers, l) {
			took, ok := again(records[s.Task], ledgers[s.Task], s.Attempt, l.Ended)
			switch sample := (Sample{took, l.Ended, s.Task}); {
			case !ok:
				r.Lost++
			case h.troubled(sample):
				r.Outage = append(r.Outage, sample)
			default:
				r.Killed = append(r.Killed, sample)
			}
		}
	}
	r.drains(h, ledgers)
	r.hears(h)
	for _, list := range [][]Sample{r.Killed, r.Outage, r.Drained, r.Retired, r.Heard} {
		slices.SortFunc(list, func(a, b Sample) int { return cmp.Compare(a.Took, b.Took) })
	}
	return r
}

// cutOff are the attempts that ran in a process when it was killed.
func cutOff(h *History, ledgers map[string][]image.Entry, l Life) []image.Entry {
	open := make(map[string]image.Entry)
	for _, e := range h.Ledger {
		switch {
		case e.PID != l.PID:
		case e.Event == image.Started:
			open[e.Task] = e
		case e.Event == image.Ended:
			delete(open, e.Task)
		}
	}
	var list []image.Entry
	records := h.records()
	for _, e := range open {
		// one that was taken away from its worker before that was killed, as after a long stop, is no measure of the kill
		if at := started(records[e.Task], ledgers[e.Task], e.Attempt); !at.IsZero() && at.Before(l.Ended) {
			continue
		}
		if r := records[e.Task]; r != nil && endedBefore(r, l.Ended) {
			continue
		}
		list = append(list, e)
	}
	return list
}

func endedBefore(r *Record, at time.Time) bool {
	return len(r.Events) > 0 && r.Events[len(r.Events)-1].Kind == ended && r.Events[len(r.Events)-1].At.Before(at)
}

// started is when the attempt after this one started, or was claimed by a worker that did not get so far.
func started(r *Record, ledger []image.Entry, attempt int) (at time.Time) {
	starts := make(map[int]bool)
	for _, e := range ledger {
		if e.Event == image.Started && e.Attempt > attempt {
			if at.IsZero() {
				at = rig.At(e)
			}
			starts[e.Attempt] = true
		}
	}
	if r == nil {
		return at
	}
	for _, e := range r.Events {
		if n, _ := e.Attempt(); e.Kind == claimed && n > attempt && !starts[n] && (at.IsZero() || e.At.Before(at)) {
			return e.At
		}
	}
	return at
}

// again is how long after a moment the attempt after this one started.
func again(r *Record, ledger []image.Entry, attempt int, since time.Time) (time.Duration, bool) {
	at := started(r, ledger, attempt)
	return at.Sub(since), !at.IsZero()
}

// drains measures what stopping workers gave back. Their tools ended because of the drain, says the ledger.
func (r *Recovery) drains(h *History, ledgers map[string][]image.Entry) {
	records := h.records()
	for _, e := range h.Ledger {
		if e.Event != image.Ended || e.Cause != tasks.ErrDraining.Error() {
			continue
		}
		rec := records[e.Task]
		if rec == nil {
			continue
		}
		for _, ev := range rec.Events {
			if n, _ := ev.Attempt(); ev.Kind != released || n != e.Attempt {
				continue
			}
			took, ok := again(rec, ledgers[e.Task], e.Attempt, ev.At)
			if !ok {
				continue
			}
			if sample := (Sample{took, ev.At, e.Task}); h.troubled(sample) {
				r.Retired = append(r.Retired, sample)
			} else {
				r.Drained = append(r.Drained, sample)
			}
		}
	}
}

func (r *Recovery) hears(h *History) {
	records := h.records()
	for _, c := range h.Clients {
		if rec := records[c.ID()]; c.Heard != nil && rec != nil && len(rec.Events) > 0 {
			end := rec.Events[len(rec.Events)-1].At
			r.Heard = append(r.Heard, Sample{c.HeardAt.Sub(end), end, rec.ID})
		}
	}
}

// troubled reports whether an outage of Redis, or the time after it, fell into a sample.
func (h *History) troubled(s Sample) bool {
	return slices.ContainsFunc(h.Faults, func(in Injury) bool { return in.Kind.outage() && in.during(s, aside) })
}

// during reports whether the fault, or some time after it, fell into a sample.
func (in Injury) during(s Sample, after time.Duration) bool {
	return in.Began.Before(s.From.Add(s.Took)) && in.Mended.Add(after).After(s.From)
}
