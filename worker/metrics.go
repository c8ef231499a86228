package worker

import "github.com/prometheus/client_golang/prometheus"

// metrics count what a worker does.
type metrics struct {
	ended *prometheus.CounterVec
	busy  prometheus.Gauge
	hung  *prometheus.GaugeVec
	left  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, s slots) *metrics {
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longhaul_attempts_total", Help: "Attempts that ended on this worker, by tool and outcome.",
		}, []string{"tool", "outcome"}),
		// not len(s): an idle worker holds a slot for the delivery that it waits for
		busy: prometheus.NewGauge(prometheus.GaugeOpts{Name: "longhaul_slots_busy", Help: "Slots that an attempt has taken."}),
		hung: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "longhaul_tools_hung", Help: "Tools that go on though the context of their attempt has ended.",
		}, []string{"tool"}),
		left: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longhaul_tools_left_behind_total", Help: "Tools that did not stop for so long that their slot was given to others.",
		}, []string{"tool"}),
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.ended, m.busy, m.hung, m.left,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "longhaul_slots", Help: "Attempts that this worker runs at once."},
			func() float64 { return float64(cap(s)) }))
	return m
}
