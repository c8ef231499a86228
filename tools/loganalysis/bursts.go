package loganalysis

import (
	"cmp"
	"math"
	"slices"
)

const (
	maxBursts     = 10 // of each unit
	minSamples    = 12 // fewer minutes or hours do not show what is usual
	burstDeviance = 6
)

// sample is the lines of one minute or hour that has any.
type sample struct{ number, lines int64 }

// bursts finds minutes, and hours, whose count is unusual by a measure that the bursts themselves hardly move: more than the
// median plus six deviations, and more than twice the median. A deviation is 1.4826 times the median absolute deviation, which
// equals the standard deviation of normal counts, but at least the square root of the median, which is what mere chance gives
// to independent events. Minutes and hours without a line are not looked at. Neighbours make one burst.
func bursts(t *timeline) []Burst {
	var minutes, hours []sample
	for _, number := range sortedKeys(t.hours) {
		h := t.hours[number]
		hours = append(hours, sample{number, h.lines})
		for i, n := range h.minutes {
			if n > 0 {
				minutes = append(minutes, sample{number*60 + int64(i), int64(n)})
			}
		}
	}
	found := append(standOut("hour", 3600, hours), standOut("minute", 60, minutes)...)
	if found == nil {
		return []Burst{}
	}
	return found
}

func standOut(unit string, seconds int64, samples []sample) []Burst {
	if len(samples) < minSamples {
		return nil
	}
	typical, limit := usual(samples)
	var found []Burst
	end := int64(math.MinInt64) // number of the step after the last burst
	for _, s := range samples {
		if float64(s.lines) <= limit {
			continue
		}
		if s.number != end {
			found = append(found, Burst{Unit: unit, Start: rfc3339(s.number * seconds), Typical: typical})
		}
		end = s.number + 1
		b := &found[len(found)-1]
		b.End = rfc3339(end * seconds)
		b.Lines += s.lines
		b.Peak = max(b.Peak, s.lines)
	}
	slices.SortStableFunc(found, func(a, b Burst) int { return cmp.Compare(b.Lines, a.Lines) }) // stable: the earlier first
	return found[:min(maxBursts, len(found))]
}

func usual(samples []sample) (typical int64, limit float64) {
	values := make([]int64, len(samples))
	for i, s := range samples {
		values[i] = s.lines
	}
	typical = middle(values)
	for i, v := range values {
		values[i] = max(v-typical, typical-v)
	}
	deviation := max(1.4826*float64(middle(values)), math.Sqrt(float64(typical)))
	return typical, max(float64(typical)+burstDeviance*deviation, 2*float64(typical))
}

func middle(values []int64) int64 {
	slices.Sort(values)
	return values[len(values)/2]
}
