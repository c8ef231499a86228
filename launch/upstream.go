package launch

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// connectPatience is how long a worker delays its first announcement for servers that answer slowly.
const connectPatience = 5 * time.Second

// supervised starts the program of a server under a supervisor, as those of commands: nothing of it is left when the worker is killed.
func supervised(c upstream.Command) (*upstream.Process, error) {
	p, err := command.Start(c.Args, c.Dir, c.Env, c.Stderr)
	if err != nil {
		return nil, err
	}
	return &upstream.Process{Stdin: p.Stdin, Stdout: p.Stdout, Signal: func(bool) { p.Stop() }, Wait: p.Wait}, nil // its supervisor uses force itself, soon after
}

// relay runs the hub from before the worker announces its tools until its last attempt has ended. ready is closed when the servers that answer
// have been asked.
func (p *parts) relay(ctx, base context.Context, ready chan<- struct{}) error {
	if p.hub == nil {
		close(ready)
		return nil
	}
	p.hub.Connect(ctx)
	close(ready)
	return p.hub.Run(base)
}

// upstreamsUp is the metric longhaul_upstream_up.
type upstreamsUp struct{ hub *upstream.Hub }

var upstreamUp = prometheus.NewDesc("longhaul_upstream_up", "1 if the upstream server answered when it was last used, 0 if not.", []string{"server"}, nil)

// Describe sends the metric's description.
func (u upstreamsUp) Describe(to chan<- *prometheus.Desc) { to <- upstreamUp }

// Collect sends the state of each server.
func (u upstreamsUp) Collect(to chan<- prometheus.Metric) {
	for _, h := range u.hub.Health() {
		up := 0.0
		if h.State == upstream.Up {
			up = 1
		}
		to <- prometheus.MustNewConstMetric(upstreamUp, prometheus.GaugeValue, up, h.Server)
	}
}
