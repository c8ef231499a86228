package chaos

import (
	"encoding/json"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// proxy is the way of one process to Redis.
type proxy struct {
	t      testing.TB
	server *toxiproxy.ApiServer
	now    *toxiproxy.Proxy
}

func newProxy(t testing.TB, redis string) *proxy {
	p := &proxy{t: t, server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	p.open("127.0.0.1:0", redis)
	t.Cleanup(func() { p.now.Stop() })
	return p
}

func (p *proxy) open(listen, redis string) {
	p.t.Helper()
	p.now = toxiproxy.NewProxy(p.server, "redis", listen, redis)
	if err := p.now.Start(); err != nil {
		p.t.Fatalf("proxy: %v", err)
	}
}

func (p *proxy) url() string { return "redis://" + p.now.Listen }

// poison breaks the way as the fault says.
func (p *proxy) poison(f Fault) {
	p.t.Helper()
	kind, stream, attributes := "timeout", "downstream", map[string]any{"timeout": 0}
	switch f.Kind {
	case Latency:
		kind, attributes = "latency", map[string]any{"latency": f.Ms, "jitter": f.Ms}
	case Resets:
		kind = "reset_peer"
	case MuteRequests:
		stream = "upstream"
	}
	doc, err := json.Marshal(map[string]any{"type": kind, "stream": stream, "toxicity": 1, "attributes": attributes})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.now.Toxics.AddToxicJson(strings.NewReader(string(doc))); err != nil {
		p.t.Fatalf("proxy: %v", err)
	}
}

// mend closes all connections and accepts new ones that nothing is wrong with. What a mute connection swallowed must not be followed by
// more on the same one: that is what no network does.
func (p *proxy) mend() {
	p.t.Helper()
	p.now.Stop()
	p.open(p.now.Listen, p.now.Upstream)
}
