package rig

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Stream is an answer that is being read.
type Stream struct {
	res   *http.Response
	lines *bufio.Reader
}

func newStream(res *http.Response) *Stream { return &Stream{res, bufio.NewReader(res.Body)} }

// Close ends the stream.
func (s *Stream) Close() {
	_, _ = io.CopyN(io.Discard, s.lines, 4<<10) // so that the connection of an answer that is complete is used again
	_ = s.res.Body.Close()
}

// Status is the answer's HTTP status.
func (s *Stream) Status() int { return s.res.StatusCode }

// Header is one of the answer's headers.
func (s *Stream) Header(name string) string { return s.res.Header.Get(name) }

// Host is the server that answered.
func (s *Stream) Host() string { return s.res.Request.URL.Host }

// Next is the next message. An event without data, as some streams begin with, has nothing but its id.
func (s *Stream) Next() (Message, error) {
	var m Message
	if s.Header("Content-Type") != "text/event-stream" {
		b, err := io.ReadAll(s.lines)
		if err != nil {
			return m, err
		}
		if len(b) == 0 || json.Unmarshal(b, &m) != nil {
			return m, fmt.Errorf("HTTP %s: %.200s", s.res.Status, b)
		}
		return m, nil
	}
	id, data, err := s.event()
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &m)
	}
	m.Event = id
	return m, err
}

// event is the next event that has an id or data.
func (s *Stream) event() (id string, data []byte, err error) {
	for {
		line, err := s.lines.ReadBytes('\n')
		if err != nil {
			return "", nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && (id != "" || len(data) > 0) {
			return id, data, nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			id = string(value)
		case "data":
			data = append(data, value...)
		}
	}
}
