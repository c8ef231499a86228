package upstream_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// stuck is the stdin of a program that does not read.
type stuck struct {
	written, closed chan struct{}
	once            *sync.Once
}

func (s stuck) Write([]byte) (int, error) {
	close(s.written)
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s stuck) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// A program dies while a question is still being written: it is answered for the program, and nobody is there who reads that. That
// nothing waits for such a reader is what TestMain checks.
func TestAProgramThatDiesBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	stdin := stuck{make(chan struct{}), make(chan struct{}), new(sync.Once)}
	stdout, out := io.Pipe()
	p := upstream.NewPipe(func() *upstream.Process {
		return &upstream.Process{Stdin: stdin, Stdout: stdout, Signal: func(bool) {}, Wait: func() error { return nil }}
	})
	defer p.Close()
	discover := func() (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://stdio.invalid/", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"server/discover"}`))
		if err != nil {
			return nil, err
		}
		return p.RoundTrip(r)
	}
	first, err := discover()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	<-stdin.written
	second := make(chan error, 1)
	go func() {
		res, err := discover()
		if err == nil {
			_ = res.Body.Close()
		}
		second <- err
	}()
	await(t, "the second question", func() bool { return p.Open() == 2 })
	_ = out.Close() // it dies
	if said, err := io.ReadAll(first.Body); err != nil || !strings.Contains(string(said), "earlier revision") {
		t.Errorf("the first question: %q, %v", said, err)
	}
	if err := <-second; err == nil {
		t.Error("the second question was asked of a program that had died")
	}
}
