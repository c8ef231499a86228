package chaos

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// History is everything that is known of a run afterwards.
type History struct {
	Slots   int       // of each worker
	Records []*Record // every task in Redis
	Clients []*Client // one for each call of the plan
	Ledger  rig.Ledger
	Lives   []Life   // of every process
	Faults  []Injury // what was really broken, and when
	Keys    []Key    // every key in Redis
	Clocks  []Entry  // of due and live
}

// Record is a task as Redis holds it.
type Record struct {
	ID, Tool, Status, Phase string
	Key                     string // what repeats of the call share
	Attempt                 int
	Events                  []Event
	Answers                 map[string]string // by the question's key
}

// Event is one event of a record.
type Event struct {
	Seq  int64
	At   time.Time
	Kind string
	Body string
}

// What the engine calls its events.
const (
	claimed  = "claim"
	released = "release"
	reaped   = "reap"
	ended    = "end"
	progress = "progress"
	logged   = "log"
	asked    = "ask"
)

func parseEvent(s string) Event {
	parts := append(strings.SplitN(s, " ", 4), "", "", "", "")
	seq, _ := strconv.ParseInt(parts[0], 10, 64)
	ms, _ := strconv.ParseInt(parts[1], 10, 64)
	return Event{seq, time.UnixMilli(ms), parts[2], parts[3]}
}

// answerText is what was filled into the form.
func answerText(answer string) string {
	var form struct{ Content struct{ Text string } }
	_ = json.Unmarshal([]byte(answer), &form) // anything else is no answer that was given
	return form.Content.Text
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

var whose = regexp.MustCompile(`^attempt (\d+) `)

// Attempt is whose write the event is; false if no attempt's. The fixture's progress and log say so in their words.
func (e Event) Attempt() (int, bool) {
	switch e.Kind {
	case claimed, released, reaped, ended, asked:
		n, err := strconv.Atoi(e.Body)
		return n, err == nil
	case progress, logged:
		var body struct{ M string }
		if json.Unmarshal([]byte(e.Body), &body) != nil {
			return 0, false
		}
		m := whose.FindStringSubmatch(body.M)
		if m == nil {
			return 0, false
		}
		n, err := strconv.Atoi(m[1])
		return n, err == nil
	}
	return 0, false
}

// Ended reports whether the record is of a task that has ended.
func (r *Record) Ended() bool { return r.Phase == "ended" }

// Count is how many events of a kind there are.
func (r *Record) Count(kind string) int {
	n := 0
	for _, e := range r.Events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// Life is the time of one process.
type Life struct {
	Name   string
	PID    int
	Began  time.Time
	Ended  time.Time // zero: not before the end of the run
	Killed bool      // nothing of it ended in good order
	Astray string    // it ended though nobody told it to: what it said last
}

// Injury is a fault as it happened.
type Injury struct {
	Fault
	Began, Mended time.Time
	PID           int // of the process that it befell, if one
}

// Key is a key in Redis.
type Key struct {
	Name    string
	Expires bool
}

// Entry is a task in one of the clocks.
type Entry struct{ Clock, Task string }

// records are the tasks by id.
func (h *History) records() map[string]*Record {
	m := make(map[string]*Record, len(h.Records))
	for _, r := range h.Records {
		m[r.ID] = r
	}
	return m
}

// ledgers are the entries by task, each task's in order.
func (h *History) ledgers() map[string][]image.Entry {
	m := make(map[string][]image.Entry)
	for _, e := range h.Ledger {
		m[e.Task] = append(m[e.Task], e)
	}
	return m
}

// tellApart puts a number of each life's own in the place of its process id, everywhere: over a long run the system gives an id to a
// second process.
func (h *History) tellApart() {
	number := func(pid int, at time.Time) int {
		for i := len(h.Lives) - 1; i >= 0; i-- {
			if l := h.Lives[i]; l.PID == pid && !at.Before(l.Began) && (l.Ended.IsZero() || !at.After(l.Ended)) {
				return i + 1
			}
		}
		return -pid // nobody's: it must not be taken for another's
	}
	for i, e := range h.Ledger {
		h.Ledger[i].PID = number(e.PID, rig.At(e))
	}
	for i, in := range h.Faults {
		h.Faults[i].PID = number(in.PID, in.Began)
	}
	for i := range h.Lives {
		h.Lives[i].PID = i + 1
	}
}

// life is the process that an entry is of.
func (h *History) life(pid int) (Life, bool) {
	i := slices.IndexFunc(h.Lives, func(l Life) bool { return l.PID == pid })
	if i < 0 {
		return Life{}, false
	}
	return h.Lives[i], true
}
