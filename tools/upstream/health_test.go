package upstream_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// becomes waits for word that the only server is in another state.
func (r *rig) becomes(state upstream.State) upstream.Health {
	r.t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		if h := r.hub.Health()[0]; h.State == state {
			return h
		}
		select {
		case <-r.hub.Changed():
		case <-late.C:
			r.t.Fatalf("no word that it is %s: %+v", state, r.hub.Health())
		}
	}
}

// A server that comes, dies and comes back: each time who listens hears of it, and since when it is so.
func TestHowAServerDoesIsTold(t *testing.T) {
	t.Parallel()
	var there atomic.Bool
	server := program("up", "sdk")
	working := server.Env
	server.Env = func(ctx context.Context) ([]string, error) {
		if !there.Load() {
			return nil, errors.New("the vault is sealed")
		}
		return working(ctx)
	}
	r := start(t, upstream.Options{}, server)
	down := r.becomes(upstream.Down)
	if down.Err == nil || !strings.Contains(down.Err.Error(), "the vault is sealed") || down.Name != "" || time.Since(down.Since) > time.Minute {
		t.Errorf("%+v", down)
	}
	there.Store(true)
	up := r.becomes(upstream.Up)
	if up.Err != nil || up.Name != "sdk" || up.Version != "1" || up.Revision == "" || !up.Since.After(down.Since) {
		t.Errorf("%+v", up)
	}
	r.lists("up_die", "up_echo")
	there.Store(false)
	if _, err := r.call("up_die", in{Dir: t.TempDir()}); !isUpstream(err) {
		t.Errorf("the program did not die: %v", err)
	}
	again := r.becomes(upstream.Down)
	if again.Name != "sdk" || !again.Since.After(up.Since) {
		t.Errorf("%+v", again)
	}
	_, _ = r.call("up_echo", in{})
	if later := r.hub.Health()[0]; !later.Since.Equal(again.Since) || !strings.Contains(later.Err.Error(), "the vault is sealed") {
		t.Errorf("%+v, before %+v", later, again)
	}
	there.Store(true)
	await(t, "the server to be tried again", func() bool { _, err := r.call("up_echo", in{}); return err == nil })
	r.becomes(upstream.Up)
	if err := r.hub.Change(nil); err != nil || len(r.hub.Health()) != 0 {
		t.Error(err)
	}
	select {
	case <-r.hub.Changed():
	default:
		t.Error("no word that it is gone")
	}
}

// A program that died is up again soon, though nobody calls it: it is started once, and asked nothing more when it is there.
func TestAProgramThatDiedIsStartedAgain(t *testing.T) {
	t.Parallel()
	starts := t.TempDir()
	r := start(t, upstream.Options{}, program("up", "sdk", "STARTS="+starts))
	r.lists("up_die")
	before := r.becomes(upstream.Up)
	if _, err := r.call("up_die", in{Dir: t.TempDir()}); !isUpstream(err) {
		t.Errorf("the program did not die: %v", err)
	}
	await(t, "the program to be up again", func() bool {
		h := r.hub.Health()[0]
		return h.State == upstream.Up && h.Since.After(before.Since) && h.Err == nil
	})
	if n := marks(starts, "start"); n != 2 {
		t.Errorf("%d starts", n)
	}
}

// What one program died of is over when another one has listed its tools, since it is not looked at again after that.
func TestAProgramThatTellsOfItsListIsUp(t *testing.T) {
	t.Parallel()
	r := start(t, upstream.Options{}, program("up", "sdk", "REVISION=2025-11-25"))
	r.lists("up_die", "up_grow")
	if _, err := r.call("up_die", in{Dir: t.TempDir()}); !isUpstream(err) {
		t.Errorf("the program did not die: %v", err)
	}
	dir, ended := t.TempDir(), make(chan error, 1)
	go func() {
		_, err := r.call("up_grow", in{Dir: dir})
		ended <- err
	}()
	r.lists("up_grown")
	r.becomes(upstream.Up) // while the call lasts
	mark(dir, "seen")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A server is starting as long as nobody has heard of it, and its calls are counted.
func TestAServerStartsAndIsCalled(t *testing.T) {
	t.Parallel()
	hub, err := upstream.New(upstream.Options{Servers: []upstream.Server{program("up", "sdk")}, Registry: new(tasks.Registry)})
	if err != nil {
		t.Fatal(err)
	}
	if h := hub.Health()[0]; h.State != upstream.Starting || h.Since.IsZero() {
		t.Errorf("%+v", h)
	}
	r, dir := start(t, upstream.Options{}, program("up", "sdk")), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = r.attempt(ctx, newTask(), "up_wait", in{Dir: dir}) }()
	await(t, "the call", func() bool { return marks(dir, "began") > 0 })
	if n := r.hub.Health()[0].Calls; n != 1 {
		t.Errorf("%d calls", n)
	}
	cancel()
	<-ended
	if n := r.hub.Health()[0].Calls; n != 0 {
		t.Errorf("%d calls", n)
	}
}
