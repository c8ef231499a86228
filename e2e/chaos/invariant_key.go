package chaos

import "strings"

// keysShare: all calls with one key were told the same task, and there is no other.
func keysShare(h *History, v *verdict) {
	for _, c := range h.Clients {
		if c.Key == "" {
			continue
		}
		v.looked++
		if ids := c.acknowledged(); len(ids) > 1 {
			v.breach("%s led to tasks %s", c.Key, strings.Join(ids, ", "))
		}
	}
	of := make(map[string]string)
	for _, r := range h.Records {
		if r.Key == "" {
			continue
		}
		if other, ok := of[r.Key]; ok {
			v.breach("tasks %s and %s have the same key", other, r.ID)
		}
		of[r.Key] = r.ID
	}
}

// keysExpire: of an ended task everything goes some day, also what the queue has of it.
func keysExpire(h *History, v *verdict) {
	records := h.records()
	for _, k := range h.Keys {
		v.looked++
		id := taskOf(k.Name)
		if r := records[id]; id != "" && !k.Expires && (r == nil || r.Ended()) {
			v.breach("%s has no expiry", k.Name)
		}
	}
}

// taskOf is the task that a key is about: a record, what stands beside it, or a delivery in the queue.
func taskOf(key string) string {
	_, rest, ok := strings.Cut(key, recordPart)
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, ":")
	id, _, _ = strings.Cut(id, "#")
	return id
}

func clocksForget(h *History, v *verdict) {
	records := h.records()
	v.looked = len(records)
	for _, e := range h.Clocks {
		if r := records[e.Task]; r == nil || r.Ended() {
			v.breach("%s holds task %s, which has ended", e.Clock, e.Task)
		}
	}
}
