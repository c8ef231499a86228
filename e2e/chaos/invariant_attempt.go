package chaos

import (
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

// fenced: an attempt writes after its own claim, and before anybody takes its place. Events are numbered by the script that accepts
// them, so their order is the order of acceptance.
func fenced(h *History, v *verdict) {
	for _, r := range h.Records {
		holder := 0 // the attempt that was claimed last
		gone := 0   // the last attempt that was given back or taken away
		for _, e := range r.Events {
			n, written := e.Attempt()
			if !written {
				if e.Kind == progress || e.Kind == logged {
					v.breach("task %s: event %d (%s %s) does not say whose it is", r.ID, e.Seq, e.Kind, e.Body)
				}
				continue
			}
			v.looked++
			switch {
			case e.Kind == claimed:
				if n <= holder || n <= gone {
					v.breach("task %s: attempt %d was claimed after attempt %d", r.ID, n, max(holder, gone))
				}
				holder = n
			case n != holder || n <= gone:
				v.breach("task %s: event %d (%s) is of attempt %d, while attempt %d was claimed last, and attempt %d gone", r.ID, e.Seq, e.Kind, n, holder, gone)
			}
			if e.Kind == released || e.Kind == reaped {
				gone = n
			}
		}
	}
}

// withinSlots counts by the ledger. A tool's end is written before its slot is free, its start after it was taken.
func withinSlots(h *History, v *verdict) {
	h.starts(func(e image.Entry, running int) {
		if v.looked++; running > h.Slots {
			v.breach("process %d ran %d attempts at once, when attempt %d of task %s started", e.PID, running, e.Attempt, e.Task)
		}
	})
}

// starts shows every start of a tool, and how many ran in its process then.
func (h *History) starts(show func(e image.Entry, running int)) {
	running := make(map[int]int)
	for _, e := range h.Ledger {
		switch e.Event {
		case image.Started:
			running[e.PID]++
			show(e, running[e.PID])
		case image.Ended:
			running[e.PID]--
		}
	}
}

// peak is how many tools ran at once in the busiest worker.
func (h *History) peak() (most int) {
	h.starts(func(_ image.Entry, running int) { most = max(most, running) })
	return most
}

// spell is an attempt as its tool saw it.
type spell struct {
	image.Entry
	from, to time.Time
}

// spells are a task's attempts. One whose process was killed ends there; one without any end lasts to the end of the run.
func (h *History) spells(ledger []image.Entry) []spell {
	var list []spell
	for _, e := range ledger {
		at := time.Unix(0, e.AtNs)
		switch e.Event {
		case image.Started:
			s := spell{Entry: e, from: at}
			if l, ok := h.life(e.PID); ok {
				s.to = l.Ended
			}
			list = append(list, s)
		case image.Ended:
			for i := range list {
				if list[i].PID == e.PID && list[i].Attempt == e.Attempt {
					list[i].to = at
				}
			}
		}
	}
	return list
}

// overlap reports whether the first of two spells went on when the second began.
func (s spell) overlap(next spell) bool { return s.to.IsZero() || s.to.After(next.from) }

// exclusiveAlone: a stopped process cannot stop its attempts, so one that was stopped meanwhile is not to blame.
func exclusiveAlone(h *History, v *verdict) {
	for id, ledger := range h.ledgers() {
		if ledger[0].Tool != "exclusive" {
			continue
		}
		list := h.spells(ledger)
		v.looked += len(list)
		for i := 1; i < len(list); i++ {
			if before := list[i-1]; before.overlap(list[i]) && !h.stopped(before.PID, before.from, list[i].from) {
				v.breach("task %s: attempt %d began %s before attempt %d ended", id, list[i].Attempt, before.to.Sub(list[i].from), before.Attempt)
			}
		}
	}
}

// withinLimit counts over all workers. An attempt of a stopped process is not to blame, as with exclusiveAlone.
func withinLimit(h *History, v *verdict) {
	var few []spell
	for _, ledger := range h.ledgers() {
		if ledger[0].Tool == "few" {
			few = append(few, h.spells(ledger)...)
		}
	}
	for _, s := range few {
		v.looked++
		running := 0
		for _, other := range few {
			if !other.from.After(s.from) && other.overlap(s) && !h.stopped(other.PID, other.from, s.from) {
				running++
			}
		}
		if running > mostFew {
			v.breach("%d ran at once, when attempt %d of task %s started", running, s.Attempt, s.Task)
		}
	}
}

// stopped reports whether a process was stopped at any moment of a span.
func (h *History) stopped(pid int, from, to time.Time) bool {
	for _, in := range h.Faults {
		stops := in.Kind == StopWorker || in.Kind == OutliveBeat
		if stops && in.PID == pid && in.Began.Before(to) && in.Mended.After(from) {
			return true
		}
	}
	return false
}

func onceOnly(h *History, v *verdict) {
	for id, ledger := range h.ledgers() {
		if ledger[0].Tool != "once" {
			continue
		}
		v.looked++
		if n := count(ledger, image.Started); n > 1 {
			v.breach("task %s was started %d times", id, n)
		}
	}
}
