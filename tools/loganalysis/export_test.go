package loganalysis

import (
	"bytes"
	"time"
)

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
