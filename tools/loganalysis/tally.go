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
// Which values are kept depends on them, so a change of them is a new version of the checkpoint.
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

// maxText bounds the values of all counters together in the tally of all files: however many formats there are and whatever the
// values look like, a checkpoint has room for it.
const maxText = 8 << 20

// tally is all that is known of one segment of a file, or of all files together. Nothing else is kept between two lines of a file
// but the parser's memory of the hour, which only saves time.
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
	t.trim()
}

// trim makes the longest counters give way. A tally is trimmed where files and segments are merged, in their order, and nowhere
// else, so that the same is forgotten whenever the same is read.
func (t *tally) trim() {
	for {
		text, longest := 0, &t.ranks[0]
		for i := range t.ranks {
			c := &t.ranks[i]
			text += len(c.text)
			if len(c.text) > len(longest.text) {
				longest = c
			}
		}
		if text <= maxText {
			return
		}
		longest.purge()
	}
}

// reset makes a tally new again, with the room it has.
func (t *tally) reset() {
	ranks := t.ranks
	for i := range ranks {
		ranks[i].reset()
	}
	*t = tally{ranks: ranks, traffic: newTimeline()}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
