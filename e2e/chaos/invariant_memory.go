package chaos

import "github.com/longhaul-mcp/longhaul/e2e/image"

// stepsOnce: once a step came back to one attempt, no later attempt runs it, and all are told the same. An earlier attempt that a stopped
// process brings back may run its function once more: it cannot know, and what it returns is refused.
func stepsOnce(h *History, v *verdict) {
	for id, ledger := range h.ledgers() {
		kept := make(map[string]image.Entry) // by step: as it came back to the first attempt that got it
		for _, e := range ledger {
			first, known := kept[e.Name]
			switch e.Event {
			case image.Ran:
				if v.looked++; known && e.Attempt >= first.Attempt {
					v.breach("task %s: %s, remembered by attempt %d, ran again in attempt %d", id, e.Name, first.Attempt, e.Attempt)
				}
			case image.Remembered:
				if known && e.By != first.By {
					v.breach("task %s: %s came back to attempt %d as attempt %d's, and to attempt %d as attempt %d's", id, e.Name, first.Attempt, first.By, e.Attempt, e.By)
				}
				if !known {
					kept[e.Name] = e
				}
			}
		}
	}
}

// checkpointsKept: an attempt resumes at least where any attempt before it had come, and nobody before it can change that later.
func checkpointsKept(h *History, v *verdict) {
	for id, ledger := range h.ledgers() {
		furthest := make(map[int]int) // by attempt: its last checkpoint that was remembered
		for _, e := range ledger {
			switch e.Event {
			case image.Marked:
				furthest[e.Attempt] = max(furthest[e.Attempt], e.Unit)
			case image.Resumed:
				v.looked++
				for attempt, n := range furthest {
					if attempt < e.Attempt && n > e.Unit {
						v.breach("task %s: attempt %d resumed at %d, attempt %d had come to %d", id, e.Attempt, e.Unit, attempt, n)
					}
				}
				if e.By >= e.Attempt {
					v.breach("task %s: attempt %d resumed from a checkpoint of attempt %d", id, e.Attempt, e.By)
				}
			}
		}
	}
}
