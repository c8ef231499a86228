package server

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// extent is the part of a resource that is wanted: all of it, some lines (counted from 1) or some bytes (from 0), with both ends.
type extent struct {
	unit        string // "lines", "bytes" or, for all, ""
	first, last int64
}

// parseExtent reads a query: lines=1-200, lines=200-, bytes=0-65535.
func parseExtent(query string) (extent, error) {
	if query == "" {
		return extent{}, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) != 1 {
		return extent{}, errExtent
	}
	for unit, list := range values {
		least, known := map[string]int64{"lines": 1, "bytes": 0}[unit]
		from, to, ranged := strings.Cut(list[0], "-")
		if !known || len(list) != 1 || !ranged {
			return extent{}, errExtent
		}
		e := extent{unit: unit, last: math.MaxInt64}
		if e.first, err = strconv.ParseInt(from, 10, 64); err != nil || e.first < least {
			return extent{}, errExtent
		}
		if to == "" {
			return e, nil
		}
		if e.last, err = strconv.ParseInt(to, 10, 64); err != nil || e.last < e.first {
			return extent{}, errExtent
		}
		return e, nil
	}
	return extent{}, errExtent
}

var errExtent = invalid("write ?lines=1-200, ?lines=200- or ?bytes=0-65535 after the resource's URI, or nothing")
