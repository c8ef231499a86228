package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// quiet is a server that grants so many subscriptions, and says nothing more on their streams.
type quiet struct{ grants int }

func (s *quiet) RoundTrip(r *http.Request) (*http.Response, error) {
	var q query
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(context.Cause(r.Context())) })
	go func() {
		switch {
		case q.Method != "subscriptions/listen":
			fmt.Fprintf(out, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{}}}\n\n", q.ID)
			_ = out.Close()
		case s.grants > 0:
			s.grants--
			granted, _ := json.Marshal(object{"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": q.Params})
			fmt.Fprintf(out, "data: %s\n\n", granted)
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: in, Request: r}, nil
}

// A stream that is silent for five minutes may be dead. It is replaced without a word, but for the change that may have been missed, as
// long as the server answers.
func TestAQuietResourceIsWatchedOn(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	for _, c := range []struct {
		name         string
		grants, told int
		want         error
	}{
		{"it goes on", 10, 3, enough},
		{"the second stream is dead at once", 1, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x, err := client.Dial(t.Context(), "http://quiet.invalid/mcp", client.Options{HTTP: &http.Client{Transport: &quiet{c.grants}}})
				if err != nil {
					t.Fatal(err)
				}
				defer x.Close()
				ctx, cancel := context.WithTimeoutCause(t.Context(), 14*time.Minute, enough)
				defer cancel()
				told := 0
				if err := x.WatchResource(ctx, "x://y", func() { told++ }); !errors.Is(err, c.want) {
					t.Errorf("it ended with %v, want %v", err, c.want)
				}
				if told != c.told {
					t.Errorf("told %d times, want %d", told, c.told)
				}
			})
		})
	}
}
