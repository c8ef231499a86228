package cli

import (
	"fmt"
	"math"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// meter measures how fast a task gets on.
type meter struct {
	last tasks.Progress
	at   time.Time
	rate float64 // per second; 0 while nobody knows
}

// smoothing is the weight of the newest measurement.
const smoothing = 0.3

func (m *meter) see(p tasks.Progress, now time.Time) {
	done, passed := p.Done-m.last.Done, now.Sub(m.at).Seconds()
	switch {
	case m.at.IsZero() || done < 0: // the first, or an attempt that starts over
		m.rate = 0
	case done == 0 || passed <= 0:
		return
	case m.rate == 0:
		m.rate = done / passed
	default:
		m.rate += smoothing * (done/passed - m.rate)
	}
	m.last, m.at = p, now
}

// ahead is how much longer it takes: the server's word, or what the rate says.
func (m *meter) ahead(now time.Time) (time.Duration, bool) {
	switch {
	case m.last.ETA > 0:
		return max(0, m.last.ETA-now.Sub(m.at)), true
	case m.rate > 0 && m.last.Total > m.last.Done:
		return time.Duration((m.last.Total - m.last.Done) / m.rate * float64(time.Second)), true
	}
	return 0, false
}

// numbers are what the meter shows, each empty while it is not known.
type numbers struct {
	amount, rate, left string // "420/1000", "35/s", "ETA 17s"
}

func (m *meter) numbers(now time.Time) (n numbers) {
	n.amount = short(m.last.Done)
	if m.last.Total > 0 {
		n.amount += "/" + short(m.last.Total)
	}
	if m.rate > 0 {
		n.rate = short(m.rate) + "/s"
	}
	if left, ok := m.ahead(now); ok {
		n.left = "ETA " + left.Round(time.Second).String()
	}
	return n
}

// short writes a number so that it can be read at a glance.
func short(n float64) string {
	units := []string{"", "k", "M", "G", "T"}
	i := 0
	for math.Abs(n) >= 10_000 && i < len(units)-1 {
		n /= 1000
		i++
	}
	if n == math.Trunc(n) || math.Abs(n) >= 100 {
		return fmt.Sprintf("%.0f%s", n, units[i])
	}
	return fmt.Sprintf("%.1f%s", n, units[i])
}
