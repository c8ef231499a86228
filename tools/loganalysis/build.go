package loganalysis

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const maxListed = 200 // files in a report; with 10,000 it would be unreadable, and too large to deliver

// usable refuses what has nothing to report.
func (s *scanned) usable(path string) error {
	if s.total.lines > 0 {
		return nil
	}
	unknown := s.unknown()
	if len(unknown) == 0 {
		return permanentf("nothing to analyze: what %q names is empty (%s)", path, plural(int64(len(s.files)), "file"))
	}
	return permanentf("nothing to analyze: %s is in no format this tool knows (access logs of Apache and nginx, Apache error log, syslog, JSON lines; plain or gzip)",
		enumerate(unknown))
}

func (s *scanned) unknown() (names []string) {
	for _, f := range s.files {
		if f.Format == unknownFormat {
			names = append(names, f.Path)
		}
	}
	return names
}

func buildReport(path string, s *scanned, top int) *Report {
	t := s.total
	r := &Report{
		Path: clean(path), Lines: t.lines, Unparsed: t.unparsed, Bytes: t.bytes, BytesSent: t.sent,
		FileCount: int64(len(s.files)), Files: s.files[:min(maxListed, len(s.files))], Formats: map[string]int64{},
		Statuses: statusCounts(t), Traffic: traffic(&t.traffic), Bursts: bursts(&t.traffic),
		Clients: t.ranks[clients].ranking(top), Paths: t.ranks[paths].ranking(top), Agents: t.ranks[agents].ranking(top),
		Levels: t.ranks[levels].ranking(top), Messages: t.ranks[messages].ranking(top),
		Logins: Logins{
			Failed: t.failed, FailedUsers: t.ranks[failedUsers].ranking(top), FailedAddresses: t.ranks[failedAddresses].ranking(top),
			Accepted: t.accepted, AcceptedUsers: t.ranks[acceptedUsers].ranking(top), AcceptedAddresses: t.ranks[acceptedAddresses].ranking(top),
		},
	}
	r.From, r.To = t.traffic.bounds()
	for _, f := range s.files {
		r.Formats[f.Format]++
	}
	r.Notes = notes(s, r)
	return r
}

func (t *tally) file(name, format string, gzip bool) File {
	f := File{Path: clean(name), Format: format, Gzip: gzip, Lines: t.lines, Unparsed: t.unparsed, Bytes: t.bytes}
	f.From, f.To = t.traffic.bounds()
	return f
}

func (t *timeline) bounds() (from, to string) {
	if t.empty() {
		return "", ""
	}
	return rfc3339(t.first), rfc3339(t.last)
}

func rfc3339(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

func statusCounts(t *tally) map[string]int64 {
	counts := map[string]int64{}
	for status, n := range t.statuses {
		if status > 0 && n > 0 {
			counts[strconv.Itoa(status)] = n
		}
	}
	return counts
}

func (c *counter) ranking(n int) Ranking {
	r := Ranking{Distinct: c.distinct(), Exact: c.exact(), MaxError: c.taken, Top: []Count{}}
	for _, e := range c.top(n) {
		r.Top = append(r.Top, Count{clip(e.value), e.count})
	}
	return r
}

// clip shows that a value may have been longer.
func clip(value string) string {
	if len(value) < maxValue {
		return clean(value)
	}
	for len(value) > maxValue-utf8.UTFMax && !utf8.ValidString(value[len(value)-1:]) {
		value = value[:len(value)-1]
	}
	return clean(value) + "…"
}

// clean makes a text fit for JSON. Logs contain any bytes.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func notes(s *scanned, r *Report) []string {
	notes := []string{}
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if unknown := s.unknown(); len(unknown) > 0 {
		add("Left out because their format is unknown: %s.", enumerate(unknown))
	}
	if len(s.files) > maxListed {
		add("Only the first %d of %d files are listed; all are counted.", maxListed, len(s.files))
	}
	if r.Formats["syslog"] > 0 {
		add("Syslog lines that name no year have it from the time when their file was last changed.")
	}
	if r.Traffic.Beyond > 0 {
		add("%s are in the totals but not in the traffic over time: they are of more than %s different hours.", plural(r.Traffic.Beyond, "line"), grouped(maxHours))
	}
	for _, k := range r.rankings() {
		if !k.Exact {
			add("%s: too many different values to count each. A count is at least what is given and at most %s more; the number of different values is an estimate (± 0.8 %%).", k.title, grouped(k.MaxError))
		}
	}
	return notes
}

// enumerate names a few of many.
func enumerate(names []string) string {
	const few = 5
	if n := len(names) - few; n > 0 {
		return strings.Join(names[:few], ", ") + " and " + strconv.Itoa(n) + " more"
	}
	return strings.Join(names, ", ")
}
