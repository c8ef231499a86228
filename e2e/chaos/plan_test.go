package chaos

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const seeds = 200

func TestASeedIsAPlan(t *testing.T) {
	t.Parallel()
	a, b := NewPlan(7, 3*time.Minute), NewPlan(7, 3*time.Minute)
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("one seed, two plans: %s", d)
	}
	if cmp.Equal(a.Faults, NewPlan(8, 3*time.Minute).Faults) {
		t.Error("two seeds, one plan")
	}
}

// What a run of three minutes has to show, it shows whatever its seed.
func TestThreeMinutesAreEnough(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		p := NewPlan(seed, 3*time.Minute)
		if len(p.Calls) < 500 {
			t.Errorf("seed %d: %d calls, want 500", seed, len(p.Calls))
		}
		injured := make(map[Kind]int)
		for _, f := range p.Faults {
			injured[f.Kind]++
		}
		for _, k := range kinds() {
			if injured[k] == 0 {
				t.Errorf("seed %d never does: %s", seed, k)
			}
		}
		if len(p.Faults) < 50 {
			t.Errorf("seed %d: %d faults, want 50", seed, len(p.Faults))
		}
		called := make(map[string]bool)
		for _, c := range p.Calls {
			called[c.Tool] = true
		}
		if len(called) != len(fixtures) {
			t.Errorf("seed %d calls %d of %d tools", seed, len(called), len(fixtures))
		}
	}
}

func kinds() []Kind {
	list := []Kind{FreezeRedis, KillRedis}
	for _, w := range ways {
		list = append(list, w.kind)
	}
	return list
}

// Somebody is always left to go on, nobody is broken twice at once, and Redis is left alone for a while after each outage.
func TestAPlanLeavesSomebodyStanding(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		p := NewPlan(seed, 3*time.Minute)
		for i, f := range p.Faults {
			down := map[bool]int{}
			for _, e := range p.Faults[:i] {
				switch {
				case f.At >= e.End():
				case e.Kind.outage() && f.Kind.outage():
					t.Errorf("seed %d: two outages at %s", seed, f.At)
				case e.whom() == everyone || f.whom() == everyone:
				case e.proxy() == f.proxy():
					t.Errorf("seed %d: %s is broken twice at %s", seed, f.Kind, f.At)
				default:
					down[e.proxy() >= servers]++
				}
			}
			if f.whom() == everyone {
				continue
			}
			if worker := f.proxy() >= servers; down[worker]+1 > most(worker) {
				t.Errorf("seed %d: nobody is left at %s", seed, f.At)
			}
			if f.End() > p.Length {
				t.Errorf("seed %d: %s is mended after the end", seed, f.Kind)
			}
		}
	}
}

// The short form is for every day: it has to kill a worker at least.
func TestAShortPlanKillsAWorker(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		if p := NewPlan(seed, 10*time.Second); len(p.Faults) < 3 || p.Faults[0].Kind != KillWorker {
			t.Errorf("seed %d: %v", seed, p.Faults)
		}
	}
}
