package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// writeTimeout is how long a client may take nothing before it counts as gone.
const writeTimeout = 30 * time.Second

// stream is the response of a request as server-sent events. It opens with the first of them: until then the request can
// still be answered plainly.
type stream struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	buf      bytes.Buffer
	open     bool
	mute     bool     // nothing but the answer is sent
	name     string   // what the ids of its events begin with (take.go); empty: it cannot be resumed, and its events have none
	sent     int      // how many events were sent
	seq      int64    // the task's log was told up to this event of the task
	progress *float64 // the last progress that was told; nil: none
	asked    string   // the marks of open questions that the client has
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{w: w, rc: http.NewResponseController(w)}
}

// send writes one JSON-RPC message.
func (s *stream) send(message []byte) error {
	s.buf.Reset()
	s.identify()
	s.buf.WriteString("event: message\ndata: ")
	if bytes.IndexByte(message, '\n') < 0 {
		s.buf.Write(message)
	} else if err := json.Compact(&s.buf, message); err != nil { // a line end would end the event
		return err
	}
	s.buf.WriteString("\n\n")
	return s.write(s.buf.Bytes())
}

// prime gives the client an id to come back with before there is anything to tell, and says when to come (2025-11-25, transports,
// Sending Messages to the Server). Clients of earlier revisions take the empty data for a message.
func (s *stream) prime() error {
	s.buf.Reset()
	s.identify()
	fmt.Fprintf(&s.buf, "retry: %d\ndata: \n\n", comeBack.Milliseconds())
	return s.write(s.buf.Bytes())
}

// comeBack is when a client whose connection was cut should try again: soon, but most give up after two tries.
const comeBack = 2 * time.Second

// tell sends a message, unless it is nil.
func (s *stream) tell(message []byte) error {
	if message == nil {
		return nil
	}
	return s.send(message)
}

// silence breaks a silence: for proxies by a comment, and for clients that count only messages by a message, if there is one.
func (s *stream) silence(message []byte) error {
	if err := s.ping(); err != nil {
		return err
	}
	return s.tell(message)
}

// ping keeps proxies and impatient clients from closing a silent stream.
func (s *stream) ping() error { return s.write([]byte(": ping\n\n")) }

func (s *stream) write(b []byte) error {
	if s.mute {
		return nil
	}
	if !s.open {
		s.start()
	}
	if !s.put(b) {
		return errGone
	}
	if err := s.rc.Flush(); err != nil {
		return errGone
	}
	return nil
}

// plain writes a whole response.
func (s *stream) plain(b []byte) { s.put(b) } // if it fails nobody is left to answer

// put writes piece by piece, each with its own deadline: a client that does not read must not block us for ever, while a slow one gets all.
func (s *stream) put(b []byte) (ok bool) {
	const chunk = 256 << 10
	for len(b) > 0 {
		n := min(chunk, len(b))
		// Not every writer has deadlines; those of net/http do.
		_ = s.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := s.w.Write(b[:n]); err != nil {
			return false
		}
		b = b[n:]
	}
	return true
}

func (s *stream) start() {
	s.open = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s.w.WriteHeader(http.StatusOK)
}

// abandon ends the response without an answer: as an empty stream, should anybody still be there.
func (s *stream) abandon() {
	if !s.open {
		s.start()
	}
	s.close()
}

// close resets the connection's deadline for the next request on it.
func (s *stream) close() { _ = s.rc.SetWriteDeadline(time.Time{}) }
