package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
)

// Entry is one line of a ledger: an attempt started or ended, or got on. A process that was killed leaves starts without ends.
type Entry struct {
	AtNs      int64           `json:"atNs"` // Unix time
	Event     Event           `json:"event"`
	Tool      string          `json:"tool"`
	Task      string          `json:"task"`
	Attempt   int             `json:"attempt"`
	Image     string          `json:"image"`
	PID       int             `json:"pid"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Unit      int             `json:"unit,omitempty"`  // of Worked and Kept; how many there are, of Marked and Resumed
	Cause     string          `json:"cause,omitempty"` // why the attempt's context had ended, if it had

	Name string `json:"name,omitempty"` // of the step, or the question's key
	By   int    `json:"by,omitempty"`   // the attempt that wrote what was found
	Text string `json:"text,omitempty"` // the answer
}

// Event is what a ledger's line is about.
type Event string

// The events.
const (
	Started Event = "started"
	Ended   Event = "ended"
	Worked  Event = "worked" // a unit of work was done
	Kept    Event = "kept"   // and its checkpoint is durable

	Ran        Event = "ran"        // the function of a step ran
	Remembered Event = "remembered" // a step came back: its result is durable
	Marked     Event = "marked"     // a checkpoint is durable
	Resumed    Event = "resumed"    // an attempt looked for a checkpoint, and begins there
	Answered   Event = "answered"   // a question came back with its answer
)

// Append writes an entry to a ledger. Many processes may do so at once: each entry is one write of one line.
func Append(ledger string, e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(ledger, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// Read is everything that a ledger holds, in the order in which it happened. A ledger that is not there yet is empty.
func Read(ledger string) ([]Entry, error) {
	b, err := os.ReadFile(ledger)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Entry
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // being written
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}
