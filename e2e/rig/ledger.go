package rig

import (
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

// Ledger is what ran, in order.
type Ledger []image.Entry

// Of is what happened to a task.
func (l Ledger) Of(task string) Ledger {
	var list Ledger
	for _, entry := range l {
		if entry.Task == task {
			list = append(list, entry)
		}
	}
	return list
}

// Starts are the attempts at a task.
func (l Ledger) Starts(task string) Ledger { return l.of(task, image.Started) }

// Ends are the attempts at a task whose tool returned.
func (l Ledger) Ends(task string) Ledger { return l.of(task, image.Ended) }

// Mentioning are the attempts that started with arguments that contain a text.
func (l Ledger) Mentioning(text string) Ledger {
	var list Ledger
	for _, entry := range l {
		if entry.Event == image.Started && strings.Contains(string(entry.Arguments), text) {
			list = append(list, entry)
		}
	}
	return list
}

func (l Ledger) of(task string, e image.Event) Ledger {
	var list Ledger
	for _, entry := range l {
		if entry.Task == task && entry.Event == e {
			list = append(list, entry)
		}
	}
	return list
}

// Peak is how many tools ran at once at the busiest moment.
func (l Ledger) Peak() int {
	now, peak := 0, 0
	for _, e := range l {
		switch e.Event {
		case image.Started:
			now++
		case image.Ended:
			now--
		}
		peak = max(peak, now)
	}
	return peak
}

// At is when the entry was made.
func At(e image.Entry) time.Time { return time.Unix(0, e.AtNs) }
