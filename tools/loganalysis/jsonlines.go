package loganalysis

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonLines reads one JSON object per line. It looks at the fields of the outermost object by their usual names.
type jsonLines struct{ hour hourCache }

func (p *jsonLines) format() string { return "json" }

func (p *jsonLines) parse(line []byte, r *record) bool {
	s := jsonScanner{rest: line}
	if !s.take('{') {
		return false
	}
	known := 0
	for !s.take('}') {
		key, value, ok := s.field()
		if !ok {
			return false
		}
		if p.set(r, key, value) {
			known++
		}
		if !s.take(',') && s.peek() != '}' {
			return false
		}
	}
	return known > 0 && s.peek() == 0
}

// set takes in a field if its name is known. The first name that has a value wins.
func (p *jsonLines) set(r *record, key []byte, v jsonValue) bool {
	switch string(key) {
	case "time", "ts", "timestamp", "@timestamp", "datetime", "time_local", "time_iso8601":
		if !r.timed {
			r.unix, r.timed = p.time(v)
		}
		return r.timed
	case "status", "status_code", "http_status", "response_status":
		if n, ok := v.number(); ok && n >= 100 && n < 1000 && r.status == 0 {
			r.status = int(n)
		}
	case "bytes", "bytes_sent", "body_bytes_sent", "size":
		if n, ok := v.number(); ok && n > 0 && n < 1<<50 {
			r.sent = int64(n)
		}
	case "request":
		fill(&r.path, requestPath(v.text))
	case "path", "uri", "url", "request_uri":
		fill(&r.path, v.text)
	case "remote_addr", "remote_ip", "client_ip", "clientip", "client", "ip":
		fill(&r.client, v.text)
	case "user_agent", "useragent", "http_user_agent", "agent":
		fill(&r.agent, v.text)
	case "level", "severity", "lvl":
		fill(&r.level, v.text)
	case "msg", "message":
		fill(&r.message, v.text)
	default:
		return false
	}
	return true
}

func fill(field *[]byte, v []byte) {
	if len(*field) == 0 {
		*field = v
	}
}

// time reads text as ISO 8601 or as an access log writes it, and numbers as seconds, milli-, micro- or nanoseconds since 1970:
// whichever puts them into this era.
func (p *jsonLines) time(v jsonValue) (int64, bool) {
	if len(v.text) == stampLen && v.text[2] == '/' {
		return p.hour.access(v.text)
	}
	if unix, ok := p.hour.iso(v.text); ok {
		return unix, true
	}
	n, ok := v.number()
	if !ok {
		return 0, false
	}
	for n >= 1e11 {
		n /= 1000
	}
	return int64(n), n > 0
}

// jsonValue is a string, unescaped; or a number, true, false as written. Objects, arrays and null are empty.
type jsonValue struct{ text []byte }

func (v jsonValue) number() (float64, bool) {
	if n, ok := digits(v.text); ok {
		return float64(n), true
	}
	n, err := strconv.ParseFloat(string(v.text), 64)
	return n, err == nil && n-n == 0 // neither infinite nor NaN
}

// jsonScanner cuts an object into its fields. It is lenient about what it skips: only brackets and strings have to be whole.
type jsonScanner struct{ rest []byte }

// peek shows the next byte that is not white space, 0 at the end.
func (s *jsonScanner) peek() byte {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
	if len(s.rest) == 0 {
		return 0
	}
	return s.rest[0]
}

func (s *jsonScanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *jsonScanner) field() (key []byte, v jsonValue, ok bool) {
	if s.peek() != '"' {
		return nil, v, false
	}
	if key, ok = s.str(); !ok || !s.take(':') {
		return nil, v, false
	}
	v, ok = s.value()
	return key, v, ok
}

func (s *jsonScanner) value() (v jsonValue, ok bool) {
	switch s.peek() {
	case '"':
		v.text, ok = s.str()
		return v, ok
	case '{', '[':
		return v, s.skip()
	}
	end := bytes.IndexAny(s.rest, ",} \t\r")
	if end <= 0 {
		return v, false
	}
	if v.text = s.rest[:end]; string(v.text) == "null" {
		v.text = nil
	}
	s.rest = s.rest[end:]
	return v, true
}

// str reads the string that begins here. Only one with escapes is copied.
func (s *jsonScanner) str() ([]byte, bool) {
	for from := 1; ; from++ {
		i := bytes.IndexByte(s.rest[from:], '"')
		if i < 0 {
			return nil, false
		}
		if from += i; escaped(s.rest[1:from]) {
			continue
		}
		raw := s.rest[:from+1]
		s.rest = s.rest[from+1:]
		return unescape(raw)
	}
}

func unescape(quoted []byte) ([]byte, bool) {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var text string
	err := json.Unmarshal(quoted, &text)
	return []byte(text), err == nil
}

// skip leaves out a nested object or array.
func (s *jsonScanner) skip() bool {
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			n := stringLen(s.rest[i:])
			if n == 0 {
				return false
			}
			i += n - 1
		}
		if depth == 0 {
			s.rest = s.rest[i+1:]
			return true
		}
	}
	return false
}

// stringLen is how long the string at the front is, quotes included; 0 if it does not end.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
