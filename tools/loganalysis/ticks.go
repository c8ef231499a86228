package loganalysis

import (
	"slices"
	"time"

	"gonum.org/v1/plot"
)

// timeTicks labels hours by midnights, or by every few hours if there are few days, and other units by every few steps.
type timeTicks struct {
	steps []moment
	unit  unit
}

const maxLabels = 12

// strides are numbers of steps from one label to the next. Those of hours divide a day, or are whole days.
var strides = map[string][]int{
	"hour":  {1, 2, 3, 6, 12, 24, 2 * 24, 4 * 24, 7 * 24, 14 * 24},
	"day":   {1, 2, 7, 14, 28, 56, 91, 182, 365},
	"month": {1, 2, 3, 6, 12, 24, 60, 120, 240},
	"year":  {1, 2, 5, 10, 20, 50, 100, 200},
}

func (t timeTicks) Ticks(_, _ float64) []plot.Tick {
	all := strides[t.unit.name]
	i := slices.IndexFunc(all, func(stride int) bool { return len(t.steps)/stride < maxLabels })
	if i < 0 {
		i = len(all) - 1
	}
	if t.unit.name == "hour" {
		return t.hours(all[i])
	}
	return t.every(all[i])
}

func (t timeTicks) hours(stride int) (ticks []plot.Tick) {
	for i, s := range t.steps {
		if hour := s.start.Unix() / 3600; hour%int64(stride) == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: hourLabel(s.start, stride, len(ticks) == 0)})
		}
	}
	return ticks
}

// hourLabel names the day where it begins, and at the first label.
func hourLabel(t time.Time, stride int, first bool) string {
	switch {
	case stride >= 24:
		return t.Format("2 Jan\n2006")
	case t.Hour() == 0 || first:
		return t.Format("15:04\n2 Jan 2006")
	}
	return t.Format("15:04\n ") // as high as the others, so that all stand on one line
}

func (t timeTicks) every(stride int) (ticks []plot.Tick) {
	layout := map[string]string{"day": "2 Jan\n2006", "month": "Jan\n2006", "year": "2006"}[t.unit.name]
	for i := 0; i < len(t.steps); i += stride {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: t.steps[i].start.Format(layout)})
	}
	return ticks
}

// countTicks are whole numbers with their thousands apart.
type countTicks struct{}

func (countTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	for _, t := range (plot.DefaultTicks{}).Ticks(lo, hi) {
		if whole := int64(t.Value); t.Label != "" && float64(whole) == t.Value {
			ticks = append(ticks, plot.Tick{Value: t.Value, Label: grouped(whole)})
		}
	}
	return ticks
}
