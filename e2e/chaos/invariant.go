package chaos

import "fmt"

// invariant is something that must hold of every history.
type invariant struct {
	name  string
	judge func(h *History, v *verdict)
}

// verdict is how many things were looked at, and what was wrong.
type verdict struct {
	looked int
	broken []string
}

func (v *verdict) breach(format string, args ...any) {
	v.broken = append(v.broken, fmt.Sprintf(format, args...))
}

// invariants are all of them. Each stands in the file of what it is about.
var invariants = []invariant{
	// invariant_end.go
	{"every acknowledged task is there, and has ended by exactly one terminal event", acknowledgedEnds},
	{"nothing follows a terminal event, and no event is missing before it", nothingAfterTheEnd},
	{"what a client saw ended stayed so, at every server", endsStay},
	{"whoever listens to a task hears its end", endsAreHeard},
	{"an acknowledged cancel leaves no task open", cancelsEnd},
	{"a task ends as its tool does", endsFit},
	// invariant_attempt.go
	{"no write of an attempt is accepted after its successor's claim", fenced},
	{"never more attempts of one worker at once than it has slots", withinSlots},
	{"exclusive attempts of one task never run at once", exclusiveAlone},
	{"never more attempts of a limited tool at once than its policy says", withinLimit},
	{"a tool that must not run again does not", onceOnly},
	// invariant_memory.go
	{"a step whose result was remembered never runs again", stepsOnce},
	{"a checkpoint is never lost, and never taken back", checkpointsKept},
	// invariant_answer.go
	{"each question has one answer, delivered the same every time", answersOnce},
	{"the first answer that was acknowledged wins", firstAnswerWins},
	// invariant_key.go
	{"one idempotency key leads to one task", keysShare},
	{"no key of an ended task is without expiry", keysExpire},
	{"no clock holds a task that has ended", clocksForget},
	// invariant_program.go
	{"no program ends unless told", programsStay},
}

// judge applies all invariants.
func judge(h *History) []verdict {
	list := make([]verdict, len(invariants))
	for i, inv := range invariants {
		inv.judge(h, &list[i])
	}
	return list
}
