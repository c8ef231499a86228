package loganalysis

import "time"

const maxPoints = 1500

// unit is a step of the time axis.
type unit struct {
	name  string
	start func(time.Time) time.Time // of the step that a time lies in
	next  func(time.Time) time.Time // of the step after the one that begins then
}

// units from fine to coarse; time.Duration would not know months.
var units = []unit{
	{"hour", func(t time.Time) time.Time { return t.Truncate(time.Hour) }, func(t time.Time) time.Time { return t.Add(time.Hour) }},
	{"day", func(t time.Time) time.Time { return date(t.Year(), t.Month(), t.Day()) }, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"month", func(t time.Time) time.Time { return date(t.Year(), t.Month(), 1) }, func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"year", func(t time.Time) time.Time { return date(t.Year(), 1, 1) }, func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// moment is the lines of one step.
type moment struct {
	start           time.Time
	lines, failures int64
}

// regroup adds up moments, in order of time, into those of a unit.
func regroup(ms []moment, u unit) []moment {
	var out []moment
	for _, m := range ms {
		start := u.start(m.start)
		if n := len(out); n == 0 || !out[n-1].start.Equal(start) {
			out = append(out, moment{start: start})
		}
		last := &out[len(out)-1]
		last.lines += m.lines
		last.failures += m.failures
	}
	return out
}

// traffic is by the finest unit that gives few enough points.
func traffic(t *timeline) Traffic {
	var ms []moment
	for _, number := range sortedKeys(t.hours) {
		h := t.hours[number]
		ms = append(ms, moment{time.Unix(number*3600, 0).UTC(), h.lines, h.failures})
	}
	u := units[0]
	for _, u = range units {
		if ms = regroup(ms, u); len(ms) <= maxPoints {
			break
		}
	}
	tr := Traffic{Unit: u.name, Points: []Point{}, Beyond: t.beyond}
	for _, m := range ms {
		tr.Points = append(tr.Points, Point{m.start.Format(time.RFC3339), m.lines, m.failures})
	}
	return tr
}

// moments is the inverse of what traffic does to its points.
func (tr Traffic) moments() []moment {
	var ms []moment
	for _, p := range tr.Points {
		if start, err := time.Parse(time.RFC3339, p.Start); err == nil { // traffic wrote it
			ms = append(ms, moment{start, p.Lines, p.Failures})
		}
	}
	return ms
}
