package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
	"github.com/longhaul-mcp/longhaul/worker"
)

// asked is how a source of a test answers.
type asked func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error)

func echo(_ context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	return json.Marshal(map[string]any{"method": method, "params": params})
}

func withSource(t *testing.T, ask asked) *tasks.Registry {
	t.Helper()
	reg := new(tasks.Registry)
	reg.Expect(tasks.Policy{})
	put(t, reg, ask)
	return reg
}

func put(t *testing.T, reg *tasks.Registry, ask asked) {
	t.Helper()
	if err := reg.PutSource(tasks.Source{Name: "github", Ask: ask}); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) listed() bool {
	list, err := r.store.Sources(r.t.Context())
	return err == nil && slices.ContainsFunc(list, func(s *tasks.Source) bool { return s.Name == "github" })
}

func (r *rig) inquire(ctx context.Context) (string, error) {
	result, err := r.watcher.Inquire(ctx, "github", "prompts/get", json.RawMessage(`{"name":"x"}`))
	return string(result), err
}

// answered asks until somebody answers.
func (r *rig) answered(want string) {
	r.t.Helper()
	r.eventually("an answer", func() bool {
		got, err := r.inquire(r.t.Context())
		if err == nil && got != want {
			r.t.Fatalf("got %s", got)
		}
		return err == nil
	})
}

func TestASourceIsAsked(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := withSource(t, echo)
		r.start(reg)
		r.eventually("the source to be listed", r.listed)
		r.answered(`{"method":"prompts/get","params":{"name":"x"}}`)
		for name, c := range map[string]struct {
			ask  asked
			want tasks.Error
		}{
			"its own error": {func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
				return nil, &tasks.Error{Code: -32002, Message: "gone", Data: json.RawMessage(`1`)}
			}, tasks.Error{Code: -32002, Message: "gone", Data: json.RawMessage(`1`)}},
			"another error": {func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
				return nil, errors.New("upstream github: broken")
			}, tasks.Error{Code: wire.CodeInternal, Message: "upstream github: broken"}},
			"a panic": {func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
				panic("oh")
			}, tasks.Error{Code: wire.CodeInternal, Message: "source github panicked"}},
		} {
			put(t, reg, c.ask)
			_, err := r.inquire(t.Context())
			if e, ok := errors.AsType[*tasks.Error](err); !ok || e.Code != c.want.Code || e.Message != c.want.Message || string(e.Data) != string(c.want.Data) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		reg.DropSource("github")
		r.eventually("the source to be unlisted", func() bool { return !r.listed() })
		r.eventually("that nobody answers", func() bool { _, err := r.inquire(t.Context()); return errors.Is(err, store.ErrNobody) })
	})
}

// A source is listed as long as its worker may come back, and asked as long as there is one.
func TestASourceWithoutWorkers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		stopFirst := r.start(withSource(t, echo))
		stopSecond := r.start(withSource(t, echo))
		want := `{"method":"prompts/get","params":{"name":"x"}}`
		r.answered(want)
		stopFirst()
		r.answered(want)
		stopSecond()
		if _, err := r.inquire(t.Context()); !errors.Is(err, store.ErrNobody) {
			t.Error(err)
		}
		if !r.listed() {
			t.Error("it is not listed any more")
		}
	})
}

func TestWhoWaitsForASourceLeaves(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		begun, ended := make(chan struct{}), make(chan error)
		r.start(withSource(t, func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
			close(begun)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil, ctx.Err()
		}))
		r.eventually("the source to be listed", r.listed)
		ctx, leave := context.WithCancel(t.Context())
		came := make(chan error)
		go func() {
			for {
				_, err := r.inquire(ctx)
				if !errors.Is(err, store.ErrNobody) { // not standing yet
					came <- err
					return
				}
			}
		}()
		<-begun
		leave()
		if err := <-came; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-ended; err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the source was asked on: %v", err)
		}
	})
}

// What is asked may finish while its worker drains; the rest is told.
func TestADrainingWorkerAnswers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for _, last := range []bool{true, false} {
			begun, finish := make(chan struct{}), make(chan struct{})
			stop := r.start(withSource(t, func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
				close(begun)
				select {
				case <-finish:
					return json.RawMessage(`{}`), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}), func(o *worker.Options) {
				if !last {
					o.Drain = 20 * time.Second
				}
			})
			came := make(chan error)
			go func() {
				for {
					_, err := r.inquire(context.Background())
					if !errors.Is(err, store.ErrNobody) {
						came <- err
						return
					}
				}
			}()
			<-begun
			stopped := make(chan struct{})
			go func() { defer close(stopped); stop() }()
			if !last {
				r.eventually("that nobody is asked any more", func() bool { _, err := r.inquire(t.Context()); return errors.Is(err, store.ErrNobody) })
				close(finish)
			}
			err := <-came
			if e, ok := errors.AsType[*tasks.Error](err); last && (!ok || e.Code != wire.CodeUnavailable) || !last && err != nil {
				t.Errorf("cut off %t: got %v", last, err)
			}
			<-stopped
		}
	})
}

// As many inquiries as two sources may get, which hang, do not keep a third.
func TestSourcesThatHangKeepNoOther(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		const each = 32
		reg, begun := new(tasks.Registry), make(chan struct{}, 2*each)
		reg.Expect(tasks.Policy{})
		hang := func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		for name, ask := range map[string]asked{"a": hang, "b": hang, "github": echo} {
			if err := reg.PutSource(tasks.Source{Name: name, Ask: ask}); err != nil {
				t.Fatal(err)
			}
		}
		r.start(reg)
		r.answered(`{"method":"prompts/get","params":{"name":"x"}}`)
		ctx, leave := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		defer asking.Wait()
		defer leave()
		for i := range 2 * each {
			asking.Go(func() {
				for errors.Is(r.ask(ctx, []string{"a", "b"}[i%2]), store.ErrNobody) { // not standing yet
				}
			})
		}
		for range 2 * each {
			<-begun
		}
		asked, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := r.ask(asked, "github"); err != nil {
			t.Error(err)
		}
	})
}

func (r *rig) ask(ctx context.Context, source string) error {
	_, err := r.watcher.Inquire(ctx, source, "prompts/get", json.RawMessage(`{"name":"x"}`))
	return err
}
