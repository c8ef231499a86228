package loganalysis

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// AddEager registers the tool so that it makes a checkpoint after each segment; segments are small.
func AddEager(r *tasks.Registry, roots []string, segment int64) {
	add(r, roots, pace{share: 1 << 62, least: 1, wait: true, segment: segment})
}

// AddLazy registers the tool so that it makes no checkpoint until it is told to drain.
func AddLazy(r *tasks.Registry, roots []string, segment int64) {
	add(r, roots, pace{every: time.Hour, share: 1, least: 1 << 62, segment: segment})
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

// equal looks at everything but what only saves time.
func equal(a, b *tally) bool {
	x, y := *a, *b
	for _, t := range []*tally{&x, &y} {
		t.traffic.current, t.traffic.number = nil, 0
		for i := range t.ranks {
			r := &t.ranks[i]
			r.index = nil
			r.slots, r.text = append([]slot{}, r.slots...), append([]byte{}, r.text...)
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

// Crowd is the checkpoint of a total that is as full as one can be of values that do not compress.
func Crowd() any {
	r := rand.New(rand.NewPCG(1, 2))
	total, part := newTally(), newTally()
	for range 40 {
		part.reset()
		for i := range part.ranks {
			for n := range 10_000 {
				value := make([]byte, 1+r.IntN(1+n%64))
				for j := range value {
					value[j] = byte(r.Uint32())
				}
				part.ranks[i].add(value, 1+r.Int64N(1000))
			}
		}
		for hour := range int64(maxHours) {
			part.traffic.hour(hour).minutes[r.IntN(60)] += r.Uint32N(1 << 14)
		}
		part.traffic.span(0, maxHours*3600)
		total.merge(part)
	}
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
