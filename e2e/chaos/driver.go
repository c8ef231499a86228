package chaos

import (
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// driver breaks the stage as planned, and mends it. It belongs to the test's goroutine.
type driver struct {
	*stage
	begun    time.Time
	injuries []*Injury
	draining map[*Injury]*part // told to end, and not gone yet
	away     bool              // Redis was killed
}

// act is something to do at a time.
type act struct {
	at time.Duration
	do func()
}

const (
	tendEvery   = 50 * time.Millisecond
	drainAtMost = 30 * time.Second // a program that was told to end and is still there is killed
)

// drive carries out the faults, then mends what is still broken.
func (d *driver) drive(faults []Fault, length time.Duration) {
	var acts []act
	for _, f := range faults {
		in := &Injury{Fault: f}
		acts = append(acts, act{f.At, func() { d.injure(in) }}, act{f.End(), func() { d.mend(in) }})
	}
	acts = append(acts, act{length, func() {}})
	slices.SortStableFunc(acts, func(a, b act) int { return int(a.at - b.at) })
	for _, a := range acts {
		for time.Since(d.begun) < a.at {
			d.watch()
			rig.After(d.t, min(tendEvery, max(0, a.at-time.Since(d.begun))))
		}
		a.do()
	}
	for len(d.draining) > 0 {
		d.watch()
		rig.After(d.t, tendEvery)
	}
}

// watch looks after the programs.
func (d *driver) watch() {
	for in, p := range d.draining {
		if !p.process.Exited() && time.Since(in.Began) > drainAtMost {
			p.kill()
		}
		if p.process.Exited() {
			p.life().Ended, in.Mended = time.Now(), time.Now()
			delete(d.draining, in)
			d.revive(p)
		}
	}
	d.tend()
}

func (d *driver) victim(f Fault) *part { return d.parts[f.proxy()] }

// injure begins a fault.
func (d *driver) injure(in *Injury) {
	p := d.victim(in.Fault)
	in.Began, in.PID = time.Now(), p.process.PID()
	d.injuries = append(d.injuries, in)
	switch in.Kind {
	case KillWorker, KillServer:
		in.Began = p.kill()
	case DrainWorker, DrainServer:
		p.told = true
		p.process.Terminate()
		d.draining[in] = p
	case StopWorker, OutliveBeat, StopServer:
		p.process.Freeze()
	case FreezeRedis:
		d.fleet.Redis.Freeze()
	case KillRedis:
		d.away = true
		d.fleet.Redis.Kill()
	case CutPubSub:
		if !d.away {
			d.cut()
		}
	case Latency, Resets, MuteRequests, MuteReplies:
		p.proxy.poison(in.Fault)
	}
}

// mend ends a fault.
func (d *driver) mend(in *Injury) {
	p := d.victim(in.Fault)
	switch in.Kind {
	case KillWorker, KillServer:
		d.revive(p)
	case DrainWorker, DrainServer:
		return // its end is watched for
	case StopWorker, OutliveBeat, StopServer:
		p.process.Thaw()
	case FreezeRedis:
		d.fleet.Redis.Thaw()
	case KillRedis:
		d.fleet.Redis.Restart()
		d.away = false
	case Latency, Resets, MuteRequests, MuteReplies:
		p.proxy.mend()
	}
	in.Mended = time.Now()
}
