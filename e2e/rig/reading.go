package rig

import (
	"context"
	"testing"
	"time"
)

// Reading is a stream that is read as it comes, so that its client can do other things meanwhile.
type Reading struct {
	C    chan Message // closed when the stream has ended
	t    testing.TB
	host string
	err  error
	drop context.CancelFunc
	done chan struct{}
}

// Read opens a stream and reads it until it ends, is dropped, or the test ends.
func Read(t testing.TB, open func(context.Context) (*Stream, error)) *Reading {
	ctx, cancel := context.WithTimeout(t.Context(), 5*Patience)
	r := &Reading{C: make(chan Message, 1000), t: t, drop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer close(r.C)
		r.err = r.read(ctx, open)
	}()
	t.Cleanup(r.Drop)
	return r
}

func (r *Reading) read(ctx context.Context, open func(context.Context) (*Stream, error)) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.res.Body.Close()
	r.host = s.Host()
	for {
		m, err := s.Next()
		if err != nil {
			return err
		}
		select {
		case r.C <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
		if m.Method == "" && (m.Result != nil || m.Error != nil) { // the response is the last message
			return nil
		}
	}
}

// Drop breaks the connection. What came before can still be read.
func (r *Reading) Drop() {
	r.drop()
	<-r.done
}

// Next is the next message.
func (r *Reading) Next() Message {
	r.t.Helper()
	m, ok := r.TryNext()
	if !ok {
		r.t.Fatalf("the stream ended: %v", r.err)
	}
	return m
}

// TryNext is the next message, if there is one: the stream may end without.
func (r *Reading) TryNext() (Message, bool) {
	r.t.Helper()
	end := time.NewTimer(Patience)
	defer end.Stop()
	select {
	case m, ok := <-r.C:
		return m, ok
	case <-end.C:
		r.t.Fatal("nothing came on the stream")
	}
	return Message{}, false
}

// Host is the server that answers, once something has come from it.
func (r *Reading) Host() string { return r.host }
