package server

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// take is one connection of a stream: a client whose connection was cut goes on with the next one, on any replica
// (2025-11-25, transports, Resumability and Redelivery). The ids of its events begin with it.
type take struct {
	stream string
	number int
}

func newTake() take { return take{rand.Text(), 1} }

func (k take) String() string { return k.stream + "." + strconv.Itoa(k.number) }

// takes is which connection of its stream the request is served on.
func (q *request) takes() int {
	if q.courier == nil {
		return 0
	}
	return q.courier.number
}

// identify gives the next event an id, which is no other event's in its session.
func (s *stream) identify() {
	if s.name != "" {
		s.sent++
		fmt.Fprintf(&s.buf, "id: %s-%d-%d\n", s.name, s.sent, s.seq)
	}
}

// parseEvent is the stream of an event's id, and up to which event of its task the client was told: 0 if the id does not say.
func parseEvent(id string) (stream string, heard int64) {
	stream, rest, _ := strings.Cut(id, ".")
	heard, err := strconv.ParseInt(rest[strings.LastIndexByte(rest, '-')+1:], 10, 64)
	if err != nil {
		return stream, 0
	}
	return stream, heard
}
