package loganalysis

import (
	"bytes"
	"time"
)

// sysLog reads syslog as written to files, and what sshd says about log-ins:
//
//	Dec 10 06:55:48 host sshd[24200]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2
//	2024-12-10T06:55:48.123456+01:00 host sshd[24200]: Accepted publickey for git from 10.0.0.7 port 51022 ssh2
//
// The first form names no year. A file's last line was written when the file was last changed, so a line belongs to the latest
// year in which it is not more than a day younger than that (a day, for zones and clocks that differ). A log of more than a
// year is folded into one by this. A file that was copied without its times is dated by the copy.
type sysLog struct {
	mtime time.Time
	hour  hourCache
}

func (p *sysLog) format() string { return "syslog" }

const bsdStampLen = len("Dec 10 06:55:48")

func (p *sysLog) parse(line []byte, r *record) bool {
	rest, ok := p.stamp(line, r)
	if !ok {
		return false
	}
	_, rest, ok = bytes.Cut(rest, []byte(" ")) // the host
	if !ok {
		return false
	}
	tag, msg, ok := bytes.Cut(rest, []byte(": "))
	if !ok {
		tag, ok = bytes.CutSuffix(rest, []byte(":"))
	}
	if !ok || len(tag) == 0 {
		return false
	}
	if i := bytes.IndexByte(tag, '['); i >= 0 {
		tag = tag[:i]
	}
	if string(tag) == "sshd" || string(tag) == "sshd-session" {
		sshd(msg, r)
	}
	return true
}

func (p *sysLog) stamp(line []byte, r *record) (rest []byte, ok bool) {
	if len(line) > bsdStampLen && line[3] == ' ' && line[bsdStampLen] == ' ' {
		r.unix, r.timed = p.bsd(line[:bsdStampLen])
		return line[bsdStampLen+1:], r.timed
	}
	word, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return nil, false
	}
	r.unix, r.timed = p.hour.iso(word)
	return rest, r.timed
}

func (p *sysLog) bsd(b []byte) (unix int64, ok bool) {
	within, ok := minuteSecond(b[9:])
	if !ok {
		return 0, false
	}
	if hour := b[:9]; !p.hour.hit(hour, nil) {
		base, ok := p.yearOf(hour)
		if !ok {
			return 0, false
		}
		p.hour.keep(hour, nil, base)
	}
	return p.hour.base + within, true
}

// yearOf looks back a few years: 29 February is not in every one.
func (p *sysLog) yearOf(hour []byte) (base int64, ok bool) {
	latest := p.mtime.UTC().Add(24 * time.Hour)
	for year := latest.Year(); year > latest.Year()-9; year-- {
		if base, ok = monthDayHour(int64(year), hour); ok && base <= latest.Unix() {
			return base, true
		}
	}
	return 0, false
}

// sshd looks for a log-in. A refused key is none: clients offer each key they have before the one that fits.
func sshd(msg []byte, r *record) {
	r.repeated, msg = repetition(msg)
	switch {
	case bytes.HasPrefix(msg, []byte("Failed password for ")), bytes.HasPrefix(msg, []byte("Failed keyboard-interactive/pam for ")):
		r.login = failedLogin
	case bytes.HasPrefix(msg, []byte("Accepted ")):
		r.login = acceptedLogin
	default:
		return
	}
	_, who, _ := bytes.Cut(msg, []byte(" for "))
	if !userAndAddress(who, r) {
		r.login = noLogin
	}
}

// repetition unpacks `message repeated 5 times: [ Failed password … ssh2]`.
func repetition(msg []byte) (int64, []byte) {
	rest, ok := bytes.CutPrefix(msg, []byte("message repeated "))
	if !ok {
		return 1, msg
	}
	count, rest, _ := bytes.Cut(rest, []byte(" times: ["))
	n, ok := digits(count)
	if !ok || len(count) > 9 {
		return 1, msg
	}
	return n, bytes.TrimSuffix(bytes.TrimPrefix(rest, []byte(" ")), []byte("]"))
}

// userAndAddress reads `invalid user NAME from ADDRESS port 38926 ssh2` from its end: whoever knocks chooses the name, and may
// choose one with " from " in it.
func userAndAddress(b []byte, r *record) bool {
	port := bytes.LastIndex(b, []byte(" port "))
	if port < 0 {
		return false
	}
	from := bytes.LastIndex(b[:port], []byte(" from "))
	if from < 0 {
		return false
	}
	r.client = b[from+len(" from ") : port]
	r.user = bytes.TrimPrefix(b[:from], []byte("invalid user "))
	return len(r.client) > 0
}
