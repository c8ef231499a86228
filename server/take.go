package server

import (
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// take is one connection of a stream: a client whose connection was cut goes on with the next one, on any replica
// (2025-11-25, transports, Resumability and Redelivery). The ids of its events begin with it.
type take struct {
	stream string
	number int
}

func newTake() take { return take{rand.Text(), 1} }

func (k take) String() string { return k.stream + "." + strconv.Itoa(k.number) }

// takes returns on which connection of its stream the request is served.
func (q *request) takes() int {
	if q.courier == nil {
		return 0
	}
	return q.courier.number
}

// identify gives the next event an id that no other event of the session has.
func (s *stream) identify() {
	if s.name != "" {
		s.sent++
		fmt.Fprintf(&s.buf, "id: %s-%d-%d-%s%s\n", s.name, s.sent, s.seq, formatProgress(s.progress), s.asked)
	}
}

const noProgress = "x"

func formatProgress(p *float64) string {
	if p == nil {
		return noProgress
	}
	return strconv.FormatUint(math.Float64bits(*p), 16) // it has no minus sign, and is exact
}

func parseProgress(text string) *float64 {
	bits, err := strconv.ParseUint(text, 16, 64)
	p := math.Float64frombits(bits)
	if err != nil || math.IsNaN(p) || math.IsInf(p, 0) {
		return nil
	}
	return &p
}

// event is what an event's id says: its stream, and what a client that has the event knows.
type event struct {
	stream   string
	heard    int64    // the task's log was told up to this event of the task
	progress *float64 // the last progress that was told; nil: none
	asked    string   // the marks of open questions
}

// answered ends the id of the event that ends a request.
const answered = "-end"

// parseEvent reads an event's id. One that is not ours names a stream that does not exist.
func parseEvent(id string) (e event) {
	parts := strings.SplitN(id, "-", 5) // take, number, seq, progress, marks
	e.stream, _, _ = strings.Cut(parts[0], ".")
	if len(parts) < 4 {
		return e
	}
	heard, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return e
	}
	e.heard, e.progress = heard, parseProgress(parts[3])
	if len(parts) == 5 {
		e.asked = "-" + parts[4]
	}
	return e
}

// puts makes the ids of events say from now on that the client has a question, and reports whether they did already.
func (s *stream) puts(id tasks.ID, key string) (again bool) {
	m := questionMark(id, key)
	if s.name == "" || strings.Contains(s.asked, m) {
		return s.name != ""
	}
	s.asked += m
	return false
}

// questionMark stands for a question in the ids of events.
func questionMark(id tasks.ID, key string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(id) + "/" + key)) // it never fails
	return fmt.Sprintf("-%08x", h.Sum32())
}
