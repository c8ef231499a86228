package loganalysis

import "encoding/binary"

// encoder appends numbers and texts to a slice. Alike things lie side by side, which is what compression makes small.
type encoder struct{ b []byte }

func (e *encoder) int(n int64) { e.b = binary.AppendVarint(e.b, n) }

func (e *encoder) bytes(b []byte) {
	e.int(int64(len(b)))
	e.b = append(e.b, b...)
}

// encode leaves out what can be computed again: hashes, which differ by process, and the index.
func (t *tally) encode(e *encoder) {
	for _, n := range []int64{t.lines, t.unparsed, t.bytes, t.sent, t.failed, t.accepted} {
		e.int(n)
	}
	for _, n := range t.statuses {
		e.int(n)
	}
	for i := range t.ranks {
		t.ranks[i].encode(e)
	}
	t.traffic.encode(e)
}

// encode keeps the order of the values: it decides which of them a merge meets first, and so what it forgets.
func (c *counter) encode(e *encoder) {
	e.int(c.taken)
	if c.seen != nil {
		e.bytes(c.seen[:])
	} else {
		e.bytes(nil)
	}
	e.int(int64(len(c.slots)))
	for i := range c.slots {
		e.int(c.slots[i].count)
	}
	for i := range c.slots {
		e.int(int64(c.slots[i].len))
	}
	e.bytes(c.text)
}

func (t *timeline) encode(e *encoder) {
	e.int(t.first)
	e.int(t.last)
	e.int(t.beyond)
	e.int(int64(len(t.hours)))
	before := int64(0)
	for _, number := range sortedKeys(t.hours) {
		h := t.hours[number]
		e.int(number - before)
		before = number
		e.int(h.lines)
		e.int(h.failures)
		for _, n := range h.minutes {
			e.int(int64(n))
		}
	}
}
