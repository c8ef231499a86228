package loganalysis

import "bytes"

// accessLog reads the common and the combined format of Apache and nginx:
//
//	host ident user [17/May/2015:10:05:03 +0000] "GET /path HTTP/1.1" 200 2326 "referer" "agent"
type accessLog struct {
	hour     hourCache
	combined bool
}

func (p *accessLog) format() string {
	if p.combined {
		return "combined"
	}
	return "common"
}

const stampLen = len("17/May/2015:10:05:03 +0000")

func (p *accessLog) parse(line []byte, r *record) bool {
	end := bytes.IndexByte(line, ' ')
	at := stampStart(line)
	if end <= 0 || at < end {
		return false
	}
	r.client = line[:end]
	if r.unix, r.timed = p.hour.access(line[at : at+stampLen]); !r.timed {
		return false
	}
	request, rest, ok := quoted(line[at+stampLen+1:])
	if !ok || !statusAndSize(&rest, r) {
		return false
	}
	r.path = requestPath(request)
	if _, rest, ok := quoted(rest); ok { // the referer is not counted
		if r.agent, _, ok = quoted(rest); ok {
			p.combined = true
		}
	}
	return true
}

// stampStart finds the time between its brackets; a user's name before it may have brackets too. -1: there is none.
func stampStart(line []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(line[from:], '[')
		if i < 0 {
			return -1
		}
		from += i + 1
		if end := from + stampLen; end >= len(line) {
			return -1
		} else if line[end] == ']' && line[from+2] == '/' {
			return from
		}
	}
}

// quoted takes the first string in double quotes, in which a backslash escapes a quote.
// One that the end of the line cuts off counts as it is.
func quoted(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != ' ' || b[1] != '"' {
		return nil, nil, false
	}
	b = b[2:]
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil, true
		}
		if from += i; !escaped(b[:from]) {
			return b[:from], b[from+1:], true
		}
		from++
	}
}

// escaped reports whether what follows b is escaped: an odd number of backslashes ends it.
func escaped(b []byte) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	return (len(b)-n)%2 == 1
}

// statusAndSize takes ` 200 2326` or ` 304 -` off the front.
func statusAndSize(b *[]byte, r *record) bool {
	s := *b
	if len(s) < 4 || s[0] != ' ' || len(s) > 4 && s[4] != ' ' {
		return false
	}
	status, ok := digits(s[1:4])
	if !ok || status < 100 {
		return false
	}
	r.status = int(status)
	s = s[4:]
	if len(s) > 1 {
		end := bytes.IndexByte(s[1:], ' ')
		if end < 0 {
			end = len(s) - 1
		}
		r.sent, _ = digits(s[1 : 1+end]) // "-" is none
		s = s[1+end:]
	}
	*b = s
	return true
}

// requestPath is what was asked for, query included: the second word of `GET /path HTTP/1.1`. Not every request has one.
func requestPath(request []byte) []byte {
	from := bytes.IndexByte(request, ' ')
	if from < 0 {
		return nil
	}
	target := request[from+1:]
	if end := bytes.LastIndexByte(target, ' '); end >= 0 {
		target = target[:end]
	}
	return target
}

const maxDigits = 18 // as many always fit an int64

// digits reads a number that consists of nothing else.
func digits(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > maxDigits {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
