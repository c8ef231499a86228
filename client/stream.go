package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// message is any JSON-RPC message from a server.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

var errTooLarge = errors.New("a message from the server is larger than Options.MaxBody")

// stream is a response that is being read: one message, or server-sent events that hold one each.
type stream struct {
	res    *http.Response
	lines  *bufio.Reader
	limit  int64
	events bool
	alive  func() // called whenever anything comes, pings too

	lastID string        // of the last event that came whole; empty: the stream cannot be resumed
	retry  time.Duration // how long the server asks to wait before resuming
}

func newStream(res *http.Response, limit int64) *stream {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return &stream{res: res, lines: bufio.NewReader(res.Body), limit: limit, events: media == "text/event-stream", alive: func() {}}
}

// close reads what little may be left of a complete answer, so that its connection is used again.
func (s *stream) close() {
	if !s.events {
		_, _ = io.CopyN(io.Discard, s.lines, 4<<10)
	}
	_ = s.res.Body.Close()
}

// next returns the next message. An error is a *brokenError, or an *Error if the response is no message at all.
func (s *stream) next() (message, error) {
	var m message
	if !s.events {
		return s.only()
	}
	data, err := s.event()
	if err != nil {
		return m, err
	}
	if err := tasks.Unmarshal(data, &m); err != nil {
		return m, &brokenError{err: fmt.Errorf("an event from the server is no message: %w", err)}
	}
	return m, nil
}

// only returns the message that is the whole body.
func (s *stream) only() (message, error) {
	var m message
	body, err := io.ReadAll(io.LimitReader(s.lines, s.limit+1))
	switch {
	case err != nil:
		return m, &brokenError{err: err}
	case int64(len(body)) > s.limit:
		return m, errTooLarge
	case json.Unmarshal(body, &m) != nil || m.Error == nil && m.Result == nil:
		return m, s.unexpected(body)
	}
	return m, nil
}

// unexpected makes the error of a response that is no message, as proxies and login pages send.
func (s *stream) unexpected(body []byte) error {
	const shown = 200
	text := bytes.ToValidUTF8(bytes.TrimSpace(body[:min(len(body), shown)]), nil)
	e := &Error{HTTP: s.res.StatusCode, Message: "HTTP " + s.res.Status, after: after(s.res)}
	if to := s.res.Header.Get("Location"); to != "" {
		e.Message += " to " + to
	}
	if len(text) > 0 {
		e.Message += ": " + string(text)
	}
	return e
}

// event returns the data of the next event that has some. The id of an event that was cut off is not kept: it has not come yet.
func (s *stream) event() ([]byte, error) {
	var data []byte
	id := s.lastID
	for {
		line, err := s.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			s.lastID = id
			if len(data) > 0 {
				return data, nil
			}
			data = nil
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
		case "id":
			id = string(value)
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 20); err == nil {
				s.retry = time.Duration(ms) * time.Millisecond
			}
		}
		if int64(len(data)) > s.limit {
			return nil, errTooLarge
		}
	}
}

// line returns the next line without its end.
func (s *stream) line() ([]byte, error) {
	var line []byte
	for {
		part, err := s.lines.ReadSlice('\n')
		s.alive()
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, &brokenError{err: fmt.Errorf("the stream broke: %w", err)}
		case int64(len(line)) > s.limit:
			return nil, errTooLarge
		}
	}
}

// after returns what Retry-After says, in either of its forms.
func after(res *http.Response) time.Duration {
	v := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(v, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
