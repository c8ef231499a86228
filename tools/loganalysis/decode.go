package loganalysis

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
)

var errState = errors.New("this is no state of a tally")

// decoder reads what an encoder wrote. Once it has failed, everything it reads is 0 or empty.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) fail() { d.b, d.failed = nil, true }

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

// size reads a number of things, each of which takes a byte or more.
func (d *decoder) size(most int) int {
	n := d.int()
	if n < 0 || n > int64(most) || n > int64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

// bytes are valid as long as what is decoded.
func (d *decoder) bytes(most int) []byte {
	n := d.size(most)
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

// decode reads into a new tally.
func (t *tally) decode(d *decoder) error {
	for _, n := range []*int64{&t.lines, &t.unparsed, &t.bytes, &t.sent, &t.failed, &t.accepted} {
		*n = d.int()
	}
	for i := range t.statuses {
		t.statuses[i] = d.int()
	}
	for i := range t.ranks {
		t.ranks[i].decode(d)
	}
	t.traffic.decode(d)
	if d.failed || len(d.b) > 0 {
		return errState
	}
	return nil
}

func (c *counter) decode(d *decoder) {
	c.taken = d.int()
	switch seen := d.bytes(sketchSlots); len(seen) {
	case 0:
	case sketchSlots:
		c.seen = (*sketch)(bytes.Clone(seen))
	default:
		d.fail()
	}
	c.slots = make([]slot, d.size(c.limit.values))
	for i := range c.slots {
		if c.slots[i].count = d.int(); c.slots[i].count <= 0 {
			d.fail()
		}
	}
	end := 0
	for i := range c.slots {
		s := &c.slots[i]
		s.start, s.len = uint32(end), uint16(d.size(maxValue))
		end += int(s.len)
	}
	if c.text = bytes.Clone(d.bytes(c.limit.bytes)); len(c.text) != end {
		d.fail()
	}
	if !d.failed {
		c.rehash()
	}
}

func (c *counter) rehash() {
	size := minIndex
	for len(c.slots)*4 > size*3 {
		size *= 2
	}
	for i := range c.slots {
		c.slots[i].hash = hash(c.value(&c.slots[i]))
	}
	c.reindex(size)
}

func (t *timeline) decode(d *decoder) {
	t.first, t.last, t.beyond = d.int(), d.int(), d.int()
	number := int64(0)
	for range d.size(maxHours) {
		number += d.int()
		h := &hourCount{lines: d.int(), failures: d.int()}
		for i := range h.minutes {
			n := d.int()
			if n < 0 || n > math.MaxUint32 {
				d.fail()
			}
			h.minutes[i] = uint32(n)
		}
		t.hours[number] = h
	}
}
