package loganalysis

import (
	"cmp"
	"maps"
	"slices"
)

// ranked names a counter of a tally.
type ranked int

const (
	clients ranked = iota
	paths
	agents
	levels
	messages
	failedUsers
	failedAddresses
	acceptedUsers
	acceptedAddresses
	rankings
)

// limits keep a full tally below 30 MB for any one format: no format fills more than four counters.
var limits = [rankings]limit{
	clients:           {100_000, 4 << 20},
	paths:             {100_000, 6 << 20},
	agents:            {100_000, 4 << 20},
	levels:            {1_000, 64 << 10},
	messages:          {100_000, 4 << 20},
	failedUsers:       {100_000, 4 << 20},
	failedAddresses:   {100_000, 4 << 20},
	acceptedUsers:     {100_000, 4 << 20},
	acceptedAddresses: {100_000, 4 << 20},
}

// tally is all that is known of one file, or of all files together. Nothing else is kept between two lines of a file but the
// parser's memory of the hour: with an offset beside it, it is what a resumed scan would start from.
type tally struct {
	lines, unparsed, bytes, sent int64
	failed, accepted             int64 // log-ins
	statuses                     [1000]int64
	ranks                        [rankings]counter
	traffic                      timeline
}

func newTally() *tally {
	t := &tally{traffic: newTimeline()}
	for i := range t.ranks {
		t.ranks[i].limit = limits[i]
	}
	return t
}

func (t *tally) add(r *record) {
	t.statuses[r.status]++ // 0 is not reported
	t.sent += r.sent
	if r.timed {
		t.traffic.add(r.unix, r.failure())
	}
	if r.login != noLogin {
		t.addLogin(r)
		return
	}
	t.rank(clients, r.client)
	t.rank(paths, r.path)
	t.rank(agents, r.agent)
	t.rank(levels, r.level)
	t.rank(messages, r.message)
}

func (t *tally) rank(which ranked, value []byte) {
	if len(value) > 0 {
		t.ranks[which].add(value, 1)
	}
}

func (t *tally) addLogin(r *record) {
	if r.login == acceptedLogin {
		t.accepted += r.repeated
		t.ranks[acceptedUsers].add(r.user, r.repeated)
		t.ranks[acceptedAddresses].add(r.client, r.repeated)
		return
	}
	t.failed += r.repeated
	t.ranks[failedUsers].add(r.user, r.repeated)
	t.ranks[failedAddresses].add(r.client, r.repeated)
}

func (t *tally) merge(o *tally) {
	t.lines += o.lines
	t.unparsed += o.unparsed
	t.bytes += o.bytes
	t.sent += o.sent
	t.failed += o.failed
	t.accepted += o.accepted
	for i, n := range o.statuses {
		t.statuses[i] += n
	}
	for i := range o.ranks {
		t.ranks[i].merge(&o.ranks[i])
	}
	t.traffic.merge(&o.traffic)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
