package loganalysis

import (
	"bytes"
	"time"
)

// parser reads the lines of one file in one format. It keeps what helps with the next line, so each file has its own.
type parser interface {
	// parse fills an empty record. The line is not blank.
	parse(line []byte, r *record) bool
	// format is the name of the format, as far as the lines have told.
	format() string
}

// What a file is called that has no format.
const (
	unknownFormat = "unknown"
	emptyFormat   = "empty"
)

// parsers makes one of each, the most specific first: it wins a draw.
func parsers(mtime time.Time) []parser {
	return []parser{&accessLog{}, &errorLog{}, &sysLog{mtime: mtime}, &jsonLines{}}
}

// parserOf makes the one that a file turned out to need; nil if no parser has such a format.
func parserOf(format string, mtime time.Time) parser {
	if format == "combined" {
		return &accessLog{combined: true} // it has begun as common, and does not become it again
	}
	for _, p := range parsers(mtime) {
		if p.format() == format {
			return p
		}
	}
	return nil
}

const sampleLines = 100

// detect chooses the format that most of the first lines are in; nil if none of them is in any.
func detect(sample []byte, mtime time.Time) parser {
	var best parser
	most := 0
	for _, p := range parsers(mtime) {
		if n := hits(p, sample); n > most {
			best, most = p, n
		}
	}
	return best
}

func hits(p parser, sample []byte) (n int) {
	seen := 0
	for line := range bytes.Lines(sample) {
		if line = trimEnd(line); blank(line) {
			continue
		}
		if p.parse(line, &record{}) {
			n++
		}
		if seen++; seen == sampleLines {
			break
		}
	}
	return n
}

func blank(line []byte) bool {
	return len(line) == 0 || line[0] <= ' ' && len(bytes.TrimSpace(line)) == 0
}
