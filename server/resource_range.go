package server

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// readRange is the part of a resource that is wanted: all of it, some lines (counted from 1) or some bytes (from 0), with both ends.
type readRange struct {
	unit        string // "lines", "bytes" or, for all, ""
	first, last int64
}

// parseRange reads a query: lines=1-200, lines=200-, bytes=0-65535.
func parseRange(query string) (readRange, error) {
	if query == "" {
		return readRange{}, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) != 1 {
		return readRange{}, errRange
	}
	for unit, list := range values {
		least, known := map[string]int64{"lines": 1, "bytes": 0}[unit]
		from, to, ranged := strings.Cut(list[0], "-")
		if !known || len(list) != 1 || !ranged {
			return readRange{}, errRange
		}
		e := readRange{unit: unit, last: math.MaxInt64}
		if e.first, err = strconv.ParseInt(from, 10, 64); err != nil || e.first < least {
			return readRange{}, errRange
		}
		if to == "" {
			return e, nil
		}
		if e.last, err = strconv.ParseInt(to, 10, 64); err != nil || e.last < e.first {
			return readRange{}, errRange
		}
		return e, nil
	}
	return readRange{}, errRange
}

var errRange = invalid("write ?lines=1-200, ?lines=200- or ?bytes=0-65535 after the resource's URI, or nothing")
