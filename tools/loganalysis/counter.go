package loganalysis

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// limit bounds a counter: at most this many values, and this many bytes of them.
type limit struct{ values, bytes int }

const maxValue = 512 // values are told apart by so many bytes

// counter counts how often each value comes. It is exact until it reaches its limit. Then it takes the median of all counts off
// every count and forgets the values this leaves nothing of (Misra and Gries 1982, in batches as by Anderson et al. 2017):
// a value's true count is at least what is kept and at most that plus taken.
//
// The values lie one after the other in one slice, found by an open hash table of positions: no pointers, so that a full counter
// costs the garbage collector nothing, and all of it goes into a checkpoint nearly as it is; only hashes differ by process.
type counter struct {
	limit limit
	slots []slot
	text  []byte
	index []uint32 // position in slots + 1; 0 is free
	taken int64
	seen  *sketch // every value ever seen, once the limit was reached
}

type slot struct {
	count int64
	hash  uint32
	start uint32
	len   uint16
}

var seed = maphash.MakeSeed()

func hash(value []byte) uint32 { return uint32(maphash.Bytes(seed, value)) }

func (c *counter) add(value []byte, n int64) {
	if len(value) > maxValue {
		value = value[:maxValue]
	}
	c.count(value, hash(value), n)
}

func (c *counter) count(value []byte, h uint32, n int64) {
	if len(c.index) > 0 {
		mask := uint32(len(c.index) - 1)
		for i := h & mask; c.index[i] != 0; i = (i + 1) & mask {
			if s := &c.slots[c.index[i]-1]; s.hash == h && string(c.value(s)) == string(value) {
				s.count += n
				return
			}
		}
	}
	c.insert(value, h, n)
}

func (c *counter) value(s *slot) []byte { return c.text[s.start : s.start+uint32(s.len)] }

func (c *counter) insert(value []byte, h uint32, n int64) {
	for len(c.slots) >= c.limit.values || len(c.text)+len(value) > c.limit.bytes {
		c.purge()
	}
	if c.seen != nil {
		c.seen.add(value)
	}
	c.slots = room(c.slots, 1, c.limit.values)
	c.text = room(c.text, len(value), c.limit.bytes)
	c.slots = append(c.slots, slot{count: n, hash: h, start: uint32(len(c.text)), len: uint16(len(value))})
	c.text = append(c.text, value...)
	if len(c.slots)*4 > len(c.index)*3 {
		c.reindex(max(minIndex, 2*len(c.index)))
		return
	}
	c.place(len(c.slots) - 1)
}

// room makes a slice twice as large if it is full, but not larger than it can become: append would grow a large one in many
// small steps, each of which leaves garbage about as large as itself.
func room[T any](s []T, n, limit int) []T {
	if len(s)+n <= cap(s) {
		return s
	}
	return append(make([]T, 0, min(max(64, 2*cap(s), len(s)+n), limit)), s...)
}

func (c *counter) place(slot int) {
	mask := uint32(len(c.index) - 1)
	i := c.slots[slot].hash & mask
	for c.index[i] != 0 {
		i = (i + 1) & mask
	}
	c.index[i] = uint32(slot + 1)
}

const minIndex = 64

func (c *counter) reindex(size int) {
	if size <= cap(c.index) {
		c.index = c.index[:size]
		clear(c.index)
	} else {
		c.index = make([]uint32, size)
	}
	for i := range c.slots {
		c.place(i)
	}
}

// purge makes room: at least half of the values go.
func (c *counter) purge() {
	c.sketch()
	d := c.median()
	c.taken += d
	kept, text := c.slots[:0], c.text[:0]
	for _, s := range c.slots {
		if s.count <= d {
			continue
		}
		value := c.value(&s) // lies behind what has been kept, so moving it forward harms nothing
		s.count -= d
		s.start = uint32(len(text))
		kept, text = append(kept, s), append(text, value...)
	}
	c.slots, c.text = kept, text
	c.reindex(len(c.index))
}

// median counts the counts: nearly all are small when there are too many values. It makes no garbage, which would let the heap
// grow to twice its size.
func (c *counter) median() int64 {
	var small [1024]int
	for i := range c.slots {
		if n := c.slots[i].count; n < int64(len(small)) {
			small[n]++
		}
	}
	left := len(c.slots) / 2
	for n, times := range small {
		if left -= times; left < 0 {
			return int64(n)
		}
	}
	return c.largeMedian()
}

func (c *counter) largeMedian() int64 {
	counts := make([]int64, len(c.slots))
	for i := range c.slots {
		counts[i] = c.slots[i].count
	}
	slices.Sort(counts)
	return counts[len(counts)/2]
}

// sketch starts the estimate of the number of values, with those counted so far.
func (c *counter) sketch() {
	if c.seen != nil {
		return
	}
	c.seen = new(sketch)
	for i := range c.slots {
		c.seen.add(c.value(&c.slots[i]))
	}
}

// merge adds what another counter has. The bounds of both add up.
func (c *counter) merge(o *counter) {
	if o.seen != nil {
		c.sketch()
		c.seen.merge(o.seen)
	}
	for i := range o.slots {
		s := &o.slots[i]
		c.count(o.value(s), s.hash, s.count)
	}
	c.taken += o.taken
}

// reset forgets everything but the room it took.
func (c *counter) reset() {
	c.slots, c.text, c.index, c.taken, c.seen = c.slots[:0], c.text[:0], c.index[:0], 0, nil
}

// distinct is the number of different values, estimated once the limit was reached.
func (c *counter) distinct() int64 {
	if c.seen != nil {
		return c.seen.estimate()
	}
	return int64(len(c.slots))
}

// exact reports whether every count is the true one.
func (c *counter) exact() bool { return c.seen == nil }

type counted struct {
	value string
	count int64
}

// top is the n most frequent values; those with equal counts are in the order of their bytes.
func (c *counter) top(n int) []counted {
	order := make([]*slot, len(c.slots))
	for i := range c.slots {
		order[i] = &c.slots[i]
	}
	slices.SortFunc(order, func(a, b *slot) int {
		return cmp.Or(cmp.Compare(b.count, a.count), slices.Compare(c.value(a), c.value(b)))
	})
	top := make([]counted, 0, n)
	for _, s := range order[:min(n, len(order))] {
		top = append(top, counted{string(c.value(s)), s.count})
	}
	return top
}
