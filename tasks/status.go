package tasks

import "slices"

// Status is where a task stands, in the five words of the Tasks extension.
type Status string

// The statuses of a task. The last three are terminal: nothing leaves them.
const (
	Working       Status = "working"
	InputRequired Status = "input_required"
	Completed     Status = "completed"
	Failed        Status = "failed"
	Cancelled     Status = "cancelled"
)

// Event is something that moves a task's status.
type Event string

// The events of a task's life.
const (
	Ask    Event = "ask"    // the tool put a question
	Answer Event = "answer" // the last open question was answered
	Finish Event = "finish" // the tool answered, with a result or an error of its own
	Break  Event = "break"  // the engine ended it: panic, timeout, crashes, lifetime
	Cancel Event = "cancel" // the client does not want it any more
)

var open = []Status{Working, InputRequired}

// machine is the whole life of a task. Everything that asks "may it?" asks here.
var machine = map[Event]struct {
	from []Status
	to   Status
}{
	Ask:    {open, InputRequired}, // several questions may be open
	Answer: {[]Status{InputRequired}, Working},
	Finish: {open, Completed}, // also when the tool reported an error
	Break:  {open, Failed},
	Cancel: {open, Cancelled},
}

// Statuses lists every status, open ones first.
func Statuses() []Status { return []Status{Working, InputRequired, Completed, Failed, Cancelled} }

// Events lists every event.
func Events() []Event { return []Event{Ask, Answer, Finish, Break, Cancel} }

// Terminal reports whether nothing can change the status any more.
func (s Status) Terminal() bool { return !slices.Contains(open, s) }

// From lists the statuses in which e may happen.
func (e Event) From() []Status { return slices.Clone(machine[e].from) }

// To is the status that e leads to.
func (e Event) To() Status { return machine[e].to }

// Next is the status after e, and whether e may happen in s.
func (s Status) Next(e Event) (next Status, ok bool) {
	m := machine[e]
	return m.to, slices.Contains(m.from, s)
}
