package loganalysis

import (
	"bytes"
	"time"
)

// hourCache remembers the hour of the last line: the calendar is looked at once per hour of log, not once per line.
type hourCache struct {
	key  [32]byte
	len  int
	base int64 // when the hour begins
}

func (c *hourCache) hit(a, b []byte) bool {
	return c.len > 0 && c.len == len(a)+len(b) && string(c.key[:len(a)]) == string(a) && string(c.key[len(a):c.len]) == string(b)
}

func (c *hourCache) keep(a, b []byte, base int64) {
	if n := copy(c.key[:], a); n+len(b) <= len(c.key) {
		c.len = n + copy(c.key[n:], b)
		c.base = base
	}
}

// access reads 17/May/2015:10:05:03 +0000.
func (c *hourCache) access(b []byte) (unix int64, ok bool) {
	hour, zone := b[:14], b[21:]
	within, ok := minuteSecond(b[14:20])
	if !ok || b[20] != ' ' {
		return 0, false
	}
	if !c.hit(hour, zone) {
		base, ok := accessHour(hour, zone)
		if !ok {
			return 0, false
		}
		c.keep(hour, zone, base)
	}
	return c.base + within, true
}

func accessHour(b, zone []byte) (int64, bool) {
	day, ok1 := digits(b[0:2])
	year, ok2 := digits(b[7:11])
	hour, ok3 := digits(b[12:14])
	offset, ok4 := zoneOffset(zone)
	if !ok1 || !ok2 || !ok3 || !ok4 || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return 0, false
	}
	base, ok := dateHour(year, month(b[3:6]), day, hour)
	return base - offset, ok
}

// iso reads 2015-05-17T10:05:03, with a blank for the T, a fraction, and a zone or none (UTC).
func (c *hourCache) iso(b []byte) (unix int64, ok bool) {
	if len(b) < 19 || len(b) > 40 || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return 0, false
	}
	hour, zone := b[:13], fraction(b[19:])
	within, ok := minuteSecond(b[13:19])
	if !ok {
		return 0, false
	}
	if !c.hit(hour, zone) {
		base, ok := isoHour(hour, zone)
		if !ok {
			return 0, false
		}
		c.keep(hour, zone, base)
	}
	return c.base + within, true
}

func isoHour(b, zone []byte) (int64, bool) {
	year, ok1 := digits(b[0:4])
	mon, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	hour, ok4 := digits(b[11:13])
	offset, ok5 := zoneOffset(zone)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	base, ok := dateHour(year, time.Month(mon), day, hour)
	return base - offset, ok
}

// fraction skips the fraction of a second.
func fraction(b []byte) []byte {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return b
	}
	b = b[1:]
	for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
		b = b[1:]
	}
	return b
}

// minuteSecond reads :05:03 as seconds.
func minuteSecond(b []byte) (int64, bool) {
	m1, m2, s1, s2 := b[1]-'0', b[2]-'0', b[4]-'0', b[5]-'0'
	ok := b[0] == ':' && b[3] == ':' && m1 < 6 && m2 < 10 && s1 < 7 && s2 < 10 && (s1 < 6 || s2 == 0) // 60: a leap second
	return int64(m1)*600 + int64(m2)*60 + int64(s1)*10 + int64(s2), ok
}

// zoneOffset reads Z, +0200 or +02:00 as seconds. None at all is UTC.
func zoneOffset(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, true
	}
	if len(b) == 6 && b[3] == ':' {
		b = []byte{b[0], b[1], b[2], b[4], b[5]}
	}
	if len(b) != 5 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	n, ok := digits(b[1:])
	offset := n/100*3600 + n%100*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, ok && offset < 86400 && offset > -86400
}

// dateHour refuses days that the calendar does not have, and years that no log is of or, in UTC, RFC 3339 cannot write.
func dateHour(year int64, m time.Month, day, hour int64) (int64, bool) {
	if year < 1970 || year > 9998 || m < time.January || m > time.December || hour > 23 {
		return 0, false
	}
	t := time.Date(int(year), m, int(day), int(hour), 0, 0, 0, time.UTC)
	return t.Unix(), t.Day() == int(day)
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// month is 0 for what is no English short name.
func month(b []byte) time.Month {
	if i := bytes.Index([]byte(months), b); len(b) == 3 && i >= 0 && i%3 == 0 {
		return time.Month(i/3 + 1)
	}
	return 0
}
