package chaos

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The stage that a plan is for.
const (
	servers = 2
	workers = 3
	slots   = 20 // of each worker: even one alone has some free as a rule, so that a kill is not followed by queueing
)

// Plan is what clients do, and what is broken meanwhile.
type Plan struct {
	Seed   uint64
	Length time.Duration
	Calls  []Call  // by time
	Faults []Fault // first those of single processes, then those of Redis
}

// NewPlan makes the plan of a seed.
func NewPlan(seed uint64, length time.Duration) Plan {
	return Plan{
		Seed: seed, Length: length,
		Calls:  planCalls(rand.New(rand.NewPCG(seed, 1)), length),
		Faults: append(planFaults(rand.New(rand.NewPCG(seed, 2)), length), planOutages(rand.New(rand.NewPCG(seed, 3)), length)...),
	}
}

// Kind is a way to break something.
type Kind string

// The kinds of fault.
const (
	KillWorker   Kind = "kill -9 a worker"
	KillServer   Kind = "kill -9 a server"
	DrainWorker  Kind = "terminate a worker"
	DrainServer  Kind = "terminate a server"
	StopWorker   Kind = "stop a worker"
	OutliveBeat  Kind = "stop a worker past its liveness"
	StopServer   Kind = "stop a server"
	FreezeRedis  Kind = "freeze Redis"
	KillRedis    Kind = "kill -9 Redis"
	CutPubSub    Kind = "cut the pub/sub connections"
	Latency      Kind = "latency"
	Resets       Kind = "reset connections"
	MuteRequests Kind = "lose requests to Redis"
	MuteReplies  Kind = "lose replies of Redis"
)

// Fault is one thing to break, and for how long.
type Fault struct {
	Kind   Kind
	At     time.Duration
	For    time.Duration // until it is mended: a killed program is started again, a stopped one continued
	Victim int           // which worker or server; of a proxy, workers come after servers
	Ms     int           // of Latency
}

// End is when the fault is mended.
func (f Fault) End() time.Duration { return f.At + f.For }

// group is what a kind of fault disturbs.
type group int

const (
	aServer group = iota
	aWorker
	anyone // by its proxy
	everyone
)

// ways says of each kind whom it disturbs, how long, and how often it is drawn. Outages of Redis have a plan of their own.
var ways = []struct {
	kind   Kind
	whom   group
	lo, hi time.Duration
	times  int
}{
	{KillWorker, aWorker, 300 * time.Millisecond, 3 * time.Second, 4},
	{KillServer, aServer, 300 * time.Millisecond, 3 * time.Second, 1},
	{DrainWorker, aWorker, 3 * time.Second, 5 * time.Second, 3},
	{DrainServer, aServer, 3 * time.Second, 5 * time.Second, 1},
	{StopWorker, aWorker, time.Second, 8 * time.Second, 1},
	{OutliveBeat, aWorker, 17 * time.Second, 25 * time.Second, 1},
	{StopServer, aServer, 2 * time.Second, 10 * time.Second, 1},
	{CutPubSub, everyone, 0, 0, 1},
	{Latency, anyone, 3 * time.Second, 10 * time.Second, 1},
	{Resets, anyone, 500 * time.Millisecond, 4 * time.Second, 1},
	{MuteRequests, anyone, 2 * time.Second, 18 * time.Second, 1},
	{MuteReplies, anyone, 2 * time.Second, 18 * time.Second, 1},
}

const (
	firstFault = 3 * time.Second // when there is something to break
	longest    = 3               // no fault takes more than this part of the run
	settling   = 2 * time.Second // between two faults of one process
	// calm is how long Redis is fine at first, and outageEvery leaves time between two outages of Redis in which recovery can be measured: the engine rightly waits for 30 s after one.
	calm        = 35 * time.Second
	outageEvery = 105 * time.Second
)

// bag holds what is still to be drawn, so that every kind has its turn.
type bag struct {
	rng  *rand.Rand
	left []int // indices of ways
}

func (b *bag) fill() {
	for i, w := range ways {
		for range w.times {
			b.left = append(b.left, i)
		}
	}
	b.rng.Shuffle(len(b.left), func(i, j int) { b.left[i], b.left[j] = b.left[j], b.left[i] })
}

// planFaults draws faults one after the other, and leaves out for now what cannot be broken at this moment. The first kills a worker.
func planFaults(rng *rand.Rand, length time.Duration) []Fault {
	var list []Fault
	b := bag{rng: rng, left: []int{0}}
	for at := firstFault; at < length; at += span(rng, 500*time.Millisecond, 3*time.Second) {
		if len(b.left) == 0 {
			b.fill()
		}
		for i, w := range b.left {
			f := Fault{Kind: ways[w].kind, At: at, For: span(rng, ways[w].lo, ways[w].hi), Ms: 5 + rng.IntN(150)}
			var ok bool
			if f.Victim, ok = victim(rng, list, f); ok && f.For <= length/longest && f.End() < length {
				list = append(list, f)
				b.left = slices.Delete(b.left, i, i+1)
				break
			}
		}
	}
	return list
}

// planOutages takes Redis away from everybody now and then, in both ways by turns.
func planOutages(rng *rand.Rand, length time.Duration) []Fault {
	var list []Fault
	turn := rng.IntN(2)
	for at := span(rng, min(calm, length/4), min(calm*3/2, length/3)); at < length; at += outageEvery {
		f := Fault{Kind: FreezeRedis, At: at, For: span(rng, time.Second, min(9*time.Second, length/longest))}
		if turn++; turn%2 == 0 {
			f.Kind, f.For = KillRedis, span(rng, 200*time.Millisecond, min(4*time.Second, length/longest))
		}
		if f.End() < length {
			list = append(list, f)
		}
		at = f.End()
	}
	return list
}

func span(rng *rand.Rand, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(rng.Int64N(int64(hi-lo)))
}

// victim finds somebody whom the fault can befall: undisturbed, and one worker and one server at least stay so.
func victim(rng *rand.Rand, earlier []Fault, f Fault) (int, bool) {
	busy := make(map[int]bool) // by proxy: servers, then workers
	for _, e := range earlier {
		if e.whom() != everyone && f.At < e.End()+settling {
			busy[e.proxy()] = true
		}
	}
	if f.whom() == everyone {
		return 0, true
	}
	var free []int
	down := map[bool]int{}
	for i := range servers + workers {
		if busy[i] {
			down[i >= servers]++
		}
	}
	for i := range servers + workers {
		worker := i >= servers
		able := f.whom() == anyone || worker == (f.whom() == aWorker)
		if able && !busy[i] && down[worker] < most(worker) {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return 0, false
	}
	i := free[rng.IntN(len(free))]
	if f.whom() == aWorker {
		i -= servers
	}
	return i, true
}

func most(worker bool) int {
	if worker {
		return workers - 1
	}
	return servers - 1
}

func (f Fault) whom() group {
	for _, w := range ways {
		if w.kind == f.Kind {
			return w.whom
		}
	}
	return everyone
}

// proxy is whose connections to Redis the fault is about: servers come first, then workers.
func (f Fault) proxy() int {
	if f.whom() == aWorker {
		return servers + f.Victim
	}
	return f.Victim
}

// outage reports whether nobody reaches Redis meanwhile.
func (k Kind) outage() bool { return k == FreezeRedis || k == KillRedis }
