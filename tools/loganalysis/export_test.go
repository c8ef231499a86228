package loganalysis

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Pace is how an attempt of a test goes on.
type Pace = pace

// Eager makes a checkpoint after each segment; segments are small.
func Eager(segment int64) Pace { return pace{share: 1 << 62, least: 1, wait: true, segment: segment} }

// Lazy makes no checkpoint until it is told to drain.
func Lazy(segment int64) Pace {
	return pace{every: time.Hour, share: 1, least: 1 << 62, segment: segment}
}

// Usual is the pace of the tool that Add registers.
func Usual() Pace { return usualPace }

// Analyze is an attempt whose report nobody draws: that costs more than to read a small log.
func Analyze(ctx context.Context, a *tasks.Attempt, p Pace, root string, in In) (*Report, error) {
	return (&analyzer{roots: absolute([]string{root}), pace: p}).analyze(ctx, a, in)
}

// Spared is the bytes that a checkpoint spares the next attempt.
func Spared(doc json.RawMessage) int64 {
	var c checkpoint
	if json.Unmarshal(doc, &c) != nil {
		return 0
	}
	p, _, err := unpackState(c.State)
	if err != nil {
		return 0
	}
	n := p.Offset
	for _, id := range p.Files[:len(p.Done)] {
		n += id.Size
	}
	return n
}

// Saves makes a tally of a text, packs it, and reports whether what is unpacked is the same, and goes on the same.
func Saves(text, more []byte, values int) bool {
	t := newTally()
	for i := range t.ranks {
		t.ranks[i].limit.values = min(values, t.ranks[i].limit.values) // so that small texts fill it
	}
	tell(t, text)
	z := newPacker()
	z.encode(&state{total: t, part: File{Path: "x"}, offset: 7})
	p, got, err := unpackState(z.pack())
	if err != nil || p.Part.Path != "x" || p.Offset != 7 {
		return false
	}
	for i := range t.ranks {
		got.ranks[i].limit = t.ranks[i].limit
	}
	if !equal(t, got) {
		return false
	}
	tell(t, more)
	tell(got, more)
	return equal(t, got)
}

// tell counts a text in every format.
func tell(t *tally, text []byte) {
	for _, p := range parsers(time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC)) {
		for line := range bytes.Lines(text) {
			var r record
			if t.lines++; p.parse(trimEnd(line), &r) {
				t.add(&r)
			}
		}
	}
}

// equal looks at everything but what only saves time. What is large is compared first, since reflection is slow.
func equal(a, b *tally) bool {
	x, y := *a, *b
	if x.statuses != y.statuses || !maps.EqualFunc(x.traffic.hours, y.traffic.hours, func(a, b *hourCount) bool { return *a == *b }) {
		return false
	}
	for i := range x.ranks {
		c, d := &x.ranks[i], &y.ranks[i]
		if !slices.Equal(c.slots, d.slots) || !bytes.Equal(c.text, d.text) || (c.seen == nil) != (d.seen == nil) || c.seen != nil && *c.seen != *d.seen {
			return false
		}
	}
	for _, t := range []*tally{&x, &y} {
		clear(t.statuses[:])
		t.traffic.hours, t.traffic.current, t.traffic.number = nil, nil, 0
		for i := range t.ranks {
			c := &t.ranks[i]
			c.slots, c.text, c.seen, c.index = nil, nil, nil, nil
		}
	}
	return reflect.DeepEqual(x, y)
}

// Decode reads any bytes as a state. What it takes for one goes on, with any files, and is written again.
func Decode(b []byte) (again []byte, ok bool) {
	p, t, err := decodeState(&decoder{b: b})
	if err != nil {
		return nil, false
	}
	_, _ = p.state(newTally(), nil)
	tell(t, []byte("h - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n"))
	for i := range t.ranks {
		if c := &t.ranks[i]; len(c.slots) > 0 {
			c.purge()
		}
	}
	buildReport("x.log", &scanned{total: t}, maxTop)
	var e encoder
	t.encode(&e)
	return e.b, true
}

// Encode is the state of a text's tally.
func Encode(text []byte) []byte {
	z, t := newPacker(), newTally()
	tell(t, text)
	z.encode(&state{total: t})
	return z.e.b
}

// Crowd is the checkpoint of a total that is as full as some hundred million lines can make it: every counter and the timeline are
// at their limits, and nothing compresses.
func Crowd() any {
	r := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, maxText)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(text) // never fails
	var numbers [1 << 16]uint32
	for i := range numbers {
		numbers[i] = r.Uint32N(1000)
	}
	total := newTally()
	for i := range total.ranks {
		c := &total.ranks[i]
		c.taken, c.seen = 1<<40, new(sketch)
		for j := range c.seen {
			c.seen[j] = uint8(numbers[j] % 52)
		}
		n := min(c.limit.bytes, len(text)/(len(total.ranks)-i))
		c.text, text = text[:n], text[n:]
		c.slots = make([]slot, c.limit.values)
		for j := range c.slots {
			c.slots[j] = slot{count: 1 + int64(numbers[j%len(numbers)]), len: uint16(numbers[(j+7)%len(numbers)] % 22)}
		}
	}
	for n := range int64(maxHours) {
		h := total.traffic.hour(n)
		copy(h.minutes[:], numbers[n*31%int64(len(numbers)-60):])
	}
	total.traffic.span(0, maxHours*3600)
	z := newPacker()
	z.encode(&state{total: total})
	return checkpoint{version, z.pack()}
}

// ReportsOf reads a text in every format, likely or not, without files and plots: fast enough to fuzz.
func ReportsOf(text []byte) []*Report {
	mtime := time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC)
	detect(text, mtime)
	var reports []*Report
	for _, p := range parsers(mtime) {
		t := newTally()
		for line := range bytes.Lines(text) {
			t.lines++
			var r record
			if line = trimEnd(line); !blank(line) && p.parse(line, &r) {
				t.add(&r)
			} else {
				t.unparsed++
			}
		}
		s := &scanned{total: t, files: []File{t.file("x.log", p.format(), false)}}
		reports = append(reports, buildReport("x.log", s, maxTop))
	}
	return reports
}
