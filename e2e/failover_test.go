package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// lag is for how long the master writes to no replica, where a failover is to lose something. (A replica that is slow loses nothing when
// the master is killed: what it has not read yet is in its socket.)
const lag = 500 * time.Millisecond

// pair is a master with a replica, watched by a Sentinel, with the product on it.
type pair struct {
	t *testing.T
	*rig.Fleet
	master, replica *redistest.Server
	way             *redistest.Proxy // to the master, for all who ask Sentinel, and its replica
	sentinel        string
	server          *rig.Server
}

const masterName = "mymaster"

// failingOver starts a pair of Redis and the product on it. The replica and Sentinel reach the master over a way that can be cut.
func failingOver(t *testing.T, durability string) *pair {
	t.Helper()
	settings := []string{"--appendonly", "yes"}
	if durability == "strict" {
		settings = append(settings, "--min-replicas-to-write", "1")
	}
	p := &pair{t: t, master: redistest.Private(t, settings...)}
	p.way = redistest.NewProxy(t, p.master.Addr())
	p.replica = redistest.ReplicaAt(t, p.master, p.way.Addr(), settings...)
	p.sentinel = redistest.SentinelAt(t, p.way.Addr(), masterName)
	redistest.AwaitReplicaKnown(t, p.sentinel, masterName)
	p.Fleet = rig.On(t, "redis-sentinel://"+p.sentinel+"/?master="+masterName)
	p.server = p.Server("-durability", durability)
	for range 2 {
		p.Image(one(image.Sleep, tasks.Policy{Attempts: 1}), "-durability", durability)
	}
	return p
}

// fall is how a master goes, and how it comes back.
type fall struct {
	how        string
	fell, rose func(t *testing.T, p *pair)
	always     bool // part of every run: it is one of those that lose most
}

var falls = []fall{
	{how: "killed", fell: killed, rose: restartedLater},
	{how: "cut off from its replica, then killed", always: true, fell: func(t *testing.T, p *pair) {
		p.replica.Follow("127.0.0.1:1") // nobody
		rig.After(t, lag)
		p.master.Kill()
	}, rose: restartedLater},
	{how: "killed, back at once", always: true, fell: killed, rose: func(_ *testing.T, p *pair) { p.master.Restart() }},
	{how: "frozen, and thawed", fell: func(_ *testing.T, p *pair) { p.master.Freeze() }, rose: func(_ *testing.T, p *pair) { p.master.Thaw() }},
}

func killed(_ *testing.T, p *pair) { p.master.Kill() }

// restartedLater: once clients are sent to the new master.
func restartedLater(t *testing.T, p *pair) {
	p.replica.AwaitMaster(t, p.sentinel, masterName)
	p.master.Restart()
}

// A master is lost under load, and Sentinel promotes its replica. With strict durability nothing that a client was told is lost. By
// default the last moments may be: they are counted. The old master comes back as a replica, and everything goes on. A task may run twice,
// with strict durability too: a claim waits for no replica, so that one which the failover forgot may become another worker's before the
// end is written. Only one of the two ends counts, and what a client was told stays.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"default", "strict"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			for _, fall := range falls {
				if *failovers == 0 && !fall.always {
					continue
				}
				for round := range max(1, *failovers) {
					t.Run(fmt.Sprintf("%s, %d", fall.how, round+1), func(t *testing.T) {
						r := failover(t, failingOver(t, durability), fall)
						t.Logf("%s, %s: %s", durability, fall.how, r)
						if durability == "strict" && r.lost() > 0 {
							t.Errorf("lost under strict durability: %s", r)
						}
					})
				}
			}
		})
	}
}

func failover(t *testing.T, p *pair, fall fall) reckoning {
	t.Helper()
	l := start(t, p.server)
	l.awaitMore(150)
	l.fell = time.Now()
	fall.fell(t, p)
	p.replica.AwaitRole("master")
	promoted := time.Since(l.fell)
	fall.rose(t, p)
	p.awaitOrder()
	t.Logf("promoted after %s, the old master is a replica after %s", promoted.Round(100*time.Millisecond), time.Since(l.fell).Round(100*time.Millisecond))
	l.awaitMore(50)
	r := l.reckon(p.server.Client(t), p.Fleet)
	l.answered()
	return r
}

// awaitOrder waits until one of the two follows the other. It may be the new master: Sentinel takes a failover back at times, when the
// old one is there again before it is over.
func (p *pair) awaitOrder() {
	rig.Await(p.t, "a master with a replica", func() bool { return p.master.Role() == "slave" || p.replica.Role() == "slave" })
}

// A master that its side of a split network can still reach goes on acknowledging, for as long as Redis lets it: with strict durability
// that is not at all.
func TestAMasterLeftBehind(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"default", "strict"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			p := failingOver(t, durability)
			l := start(t, p.Server("-redis", "redis://"+p.master.Addr(), "-durability", durability)) // does not hear of the failover
			l.awaitMore(50)
			l.fell = time.Now()
			p.way.Cut()
			p.replica.AwaitRole("master")
			rig.After(t, 2*time.Second)
			l.end()
			p.way.Heal()
			p.master.AwaitRole("slave")
			r := l.reckon(p.server.Client(t), p.Fleet)
			t.Logf("%s: %s", durability, r)
			if durability == "strict" && r.lost() > 0 {
				t.Errorf("lost under strict durability: %s", r)
			}
			if durability == "default" && r.absent == 0 {
				t.Error("nothing is lost on the old master's side: the test shows nothing")
			}
		})
	}
}
