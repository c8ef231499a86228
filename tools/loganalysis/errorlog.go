package loganalysis

import "bytes"

// errorLog reads Apache's error log, of version 2.4 and older:
//
//	[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 1:tid 2] [client 127.0.0.1:3456] AH00037: what happened
//	[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] what happened
type errorLog struct{ hour hourCache }

func (p *errorLog) format() string { return "apache-error" }

func (p *errorLog) parse(line []byte, r *record) bool {
	stamp, rest, ok := bracketed(line)
	if !ok {
		return false
	}
	if r.unix, r.timed = p.hour.ctime(stamp); !r.timed {
		return false
	}
	level, rest, ok := bracketed(rest)
	if !ok {
		return false
	}
	if i := bytes.IndexByte(level, ':'); i >= 0 {
		level = level[i+1:] // the module comes first
	}
	r.level = level
	for {
		field, after, ok := bracketed(rest)
		if !ok {
			break
		}
		rest = after
		if addr, ok := bytes.CutPrefix(field, []byte("client ")); ok {
			r.client = withoutPort(addr)
		}
	}
	r.message = bytes.TrimSpace(rest)
	return len(r.level) > 0
}

// bracketed takes the first word in brackets.
func bracketed(b []byte) (s, rest []byte, ok bool) {
	b = bytes.TrimLeft(b, " ")
	if len(b) == 0 || b[0] != '[' {
		return nil, b, false
	}
	end := bytes.IndexByte(b, ']')
	if end < 0 {
		return nil, b, false
	}
	return b[1:end], b[end+1:], true
}

// withoutPort leaves an IPv6 address without a port as it is: 2.4 always writes one, the older versions never do.
func withoutPort(addr []byte) []byte {
	i := bytes.LastIndexByte(addr, ':')
	if i < 0 {
		return addr
	}
	if bytes.IndexByte(addr, '.') >= 0 || bytes.Count(addr, []byte(":")) == 8 || addr[0] == '[' {
		return bytes.Trim(addr[:i], "[]")
	}
	return addr
}

// ctime reads Wed Oct 11 14:32:52.123456 2000.
func (c *hourCache) ctime(b []byte) (unix int64, ok bool) {
	if len(b) < 24 {
		return 0, false
	}
	hour, year := b[4:13], b[len(b)-4:]
	within, ok := minuteSecond(b[13:19])
	if rest := fraction(b[19:]); !ok || len(rest) != 5 || rest[0] != ' ' {
		return 0, false
	}
	if !c.hit(hour, year) {
		y, ok := digits(year)
		if !ok {
			return 0, false
		}
		base, ok := monthDayHour(y, hour)
		if !ok {
			return 0, false
		}
		c.keep(hour, year, base)
	}
	return c.base + within, true
}

// monthDayHour reads `Oct 11 14` or `Oct  1 14`.
func monthDayHour(year int64, b []byte) (int64, bool) {
	if len(b) != 9 || b[3] != ' ' || b[6] != ' ' {
		return 0, false
	}
	day, ok1 := digits(bytes.TrimLeft(b[4:6], " "))
	hour, ok2 := digits(b[7:9])
	if !ok1 || !ok2 {
		return 0, false
	}
	return dateHour(year, month(b[:3]), day, hour)
}
