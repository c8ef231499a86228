package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// message is any message that comes back.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params obj             `json:"params"`
	Result obj             `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    obj    `json:"data"`
	} `json:"error"`
}

func (m message) code() int {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

func requestID(m message) string { return strings.Trim(string(m.ID), `"`) }

// response is the answer to a draft, read message by message.
type response struct {
	t      testing.TB
	status int
	header http.Header
	body   io.ReadCloser
	lines  *bufio.Reader
	pings  int
	events []string // the ids of the events that were read
	primed int      // how many of them were empty
	retry  string   // when to come back
}

func newResponse(t testing.TB, res *http.Response) *response {
	return &response{t: t, status: res.StatusCode, header: res.Header, body: res.Body, lines: bufio.NewReader(res.Body)}
}

func (r *response) streamed() bool { return r.header.Get("Content-Type") == "text/event-stream" }

// next is the next message; a stream that ends first fails the test.
func (r *response) next() message {
	r.t.Helper()
	m, err := r.read()
	if err != nil {
		r.t.Fatalf("reading the response: %v", err)
	}
	return m
}

func (r *response) read() (m message, err error) {
	if !r.streamed() {
		b, err := io.ReadAll(r.lines)
		if err != nil || len(b) == 0 {
			return m, err
		}
		return m, json.Unmarshal(b, &m)
	}
	for {
		e, err := r.event()
		if err != nil {
			return m, err
		}
		if e.data != "" {
			return m, json.Unmarshal([]byte(e.data), &m)
		}
	}
}

// event is what a stream sends at once: a message, a ping, or an empty event that only has an id.
type event struct {
	data string
	ping bool
}

func (r *response) event() (e event, err error) {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return e, err
		}
		if line == "\n" {
			return e, nil
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "": // a comment
			e.ping = true
			r.pings++
		case "id":
			r.events = append(r.events, value)
		case "retry":
			r.retry = value
		case "data":
			if e.data = value; value == "" {
				r.primed++
			}
		}
	}
}

// quiet reads on until a ping: nothing may come before it.
func (r *response) quiet() {
	r.t.Helper()
	for {
		e, err := r.event()
		switch {
		case err != nil:
			r.t.Fatalf("reading the response: %v", err)
		case e.data != "":
			r.t.Fatalf("got %s", e.data)
		case e.ping:
			return
		}
	}
}

// last is the id of the last event that was read.
func (r *response) last() string {
	r.t.Helper()
	if len(r.events) == 0 {
		r.t.Fatal("no event had an id")
	}
	return r.events[len(r.events)-1]
}

// nextProgress reads up to the notification of progress that says words ("": any). Their values have to rise.
func (r *response) nextProgress(last float64, words string) float64 {
	r.t.Helper()
	for {
		m := r.next()
		value, _ := m.Params["progress"].(float64)
		if m.Method != "notifications/progress" || m.Params["progressToken"] != "p" || value <= last {
			r.t.Fatalf("got %+v after %v", m, last)
		}
		if last = value; words == "" || m.Params["message"] == words {
			return value
		}
	}
}

// answered reads the final answer, whatever comes before.
func (r *response) answered() message {
	r.t.Helper()
	for {
		if m := r.next(); m.Method == "" {
			return m
		}
	}
}

// finished expects the final answer of an attempt that ended by finish("done"), whatever comes before.
func (r *response) finished() {
	r.t.Helper()
	if m := r.answered(); text(m.Result) != "done" {
		r.t.Errorf("got %+v", m)
	}
}

// ended expects the stream to end without an answer.
func (r *response) ended() {
	r.t.Helper()
	for {
		m, err := r.read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || m.Method == "" {
			r.t.Fatalf("got %+v, %v, want the end of the stream", m, err)
		}
	}
}

// nextRequest is the next request of the server on a stream.
func (r *response) nextRequest() message {
	r.t.Helper()
	for {
		m := r.next()
		if m.Method != "" && m.ID != nil {
			return m
		}
		if m.Method == "" {
			r.t.Fatalf("got %+v", m)
		}
	}
}

func (r *response) nextStatus(id, status string) {
	r.t.Helper()
	m := r.next()
	if m.Method != "notifications/tasks/status" || m.Params["taskId"] != id || m.Params["status"] != status || m.Params["_meta"] != nil && isRelated(m.Params, id) {
		r.t.Fatalf("got %+v, want %s", m, status)
	}
}
