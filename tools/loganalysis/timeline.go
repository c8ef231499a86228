package loganalysis

const maxHours = 20_000 // about two years and three months without a gap

// timeline counts lines by hour and minute.
type timeline struct {
	hours       map[int64]*hourCount // by the hour's number since 1970
	first, last int64                // seconds; first > last while there is none
	beyond      int64                // lines of hours that found no room

	current *hourCount // the hour of the last line: nearly always that of the next one
	number  int64
}

type hourCount struct {
	lines, failures int64
	minutes         [60]uint32
}

func newTimeline() timeline { return timeline{hours: map[int64]*hourCount{}, first: 1, last: 0} }

func (t *timeline) empty() bool { return t.first > t.last }

func (t *timeline) add(unix int64, failure bool) {
	t.span(unix, unix)
	h := t.hour(floorDiv(unix, 3600))
	if h == nil {
		t.beyond++
		return
	}
	h.lines++
	h.minutes[floorDiv(unix, 60)-t.number*60]++
	if failure {
		h.failures++
	}
}

// hour is nil if there are too many.
func (t *timeline) hour(number int64) *hourCount {
	if t.current != nil && t.number == number {
		return t.current
	}
	h := t.hours[number]
	if h == nil && len(t.hours) < maxHours {
		h = new(hourCount)
		t.hours[number] = h
	}
	t.current, t.number = h, number
	return h
}

func (t *timeline) span(first, last int64) {
	if t.empty() {
		t.first, t.last = first, last
		return
	}
	t.first, t.last = min(t.first, first), max(t.last, last)
}

func (t *timeline) merge(o *timeline) {
	if o.empty() {
		return
	}
	t.span(o.first, o.last)
	t.beyond += o.beyond
	for _, number := range sortedKeys(o.hours) {
		from, into := o.hours[number], t.hour(number)
		if into == nil {
			t.beyond += from.lines
			continue
		}
		into.lines += from.lines
		into.failures += from.failures
		for i, n := range from.minutes {
			into.minutes[i] += n
		}
	}
}

// floorDiv rounds down before 1970 too.
func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}
