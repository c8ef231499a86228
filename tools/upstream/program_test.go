package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// A program that dies during a call is started again for the next one. The call itself is made again only if the tool may run twice.
func TestAProgramThatDies(t *testing.T) {
	t.Parallel()
	dir, starts := t.TempDir(), t.TempDir()
	r := start(t, upstream.Options{}, program("up", "sdk", "STARTS="+starts))
	_, err := r.call("up_die", in{Dir: dir})
	want := "upstream up: the connection was lost during the call, and whether die has run is not known: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "exit status 3: out of memory") || !isUpstream(err) {
		t.Error(err)
	}
	if got, err := r.call("up_die", in{Dir: dir}); err != nil || !strings.Contains(got, "alive") {
		t.Error(got, err)
	}
	if n := marks(starts, "start"); n != 2 {
		t.Errorf("%d starts", n)
	}
	dir = t.TempDir()
	if got, err := r.call("up_die_safely", in{Dir: dir}); err != nil || !strings.Contains(got, "alive") {
		t.Error(got, err)
	}
}

// A server that is down keeps its tools, and its calls fail at once, with what is wrong.
func TestAServerThatIsDown(t *testing.T) {
	t.Parallel()
	type ofCall struct{}
	broken, starts := false, 0 // for calls that say whose they are: it is started again in between, too
	var mu sync.Mutex
	server := program("up", "sdk")
	working := server.Env
	server.Env = func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Value(ofCall{}) != nil {
			starts++
		}
		env, err := working(ctx)
		if broken {
			env = append(env, serverVariable+"=broken")
		}
		return env, err
	}
	flip := func(to bool) { mu.Lock(); broken = to; mu.Unlock() }
	startsOfCalls := func() int { mu.Lock(); defer mu.Unlock(); return starts }
	r := start(t, upstream.Options{}, server)
	ofCalls := context.WithValue(t.Context(), ofCall{}, true)
	flip(true)
	_, _ = r.call("up_die", in{Dir: t.TempDir()})
	for range 4 {
		_, err := r.attempt(ofCalls, newTask(), "up_echo", in{})
		if err == nil || !strings.HasPrefix(err.Error(), "upstream up: it") || !strings.Contains(err.Error(), "no licence key") || permanent(err) {
			t.Error(err)
		}
	}
	began, n := time.Now(), startsOfCalls()
	_, err := r.attempt(ofCalls, newTask(), "up_echo", in{})
	if err == nil || !strings.Contains(err.Error(), "it is down") || time.Since(began) > time.Second || n == 0 || startsOfCalls() != n {
		t.Errorf("%v after %s, %d starts before, %d after it", err, time.Since(began), n, startsOfCalls())
	}
	if h := r.hub.Health()[0]; h.Err == nil || h.Tools == 0 {
		t.Errorf("%+v", h)
	}
	flip(false)
	await(t, "the server to be tried again", func() bool { _, err := r.call("up_echo", in{}); return err == nil })
	if h := r.hub.Health()[0]; h.Err != nil {
		t.Errorf("%+v", h)
	}
}

// A server that is not there when the worker starts is listed when it is.
func TestAServerThatComesLaterIsListed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	there := false
	server := program("up", "sdk")
	working := server.Env
	server.Env = func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if !there {
			return nil, errors.New("the vault is sealed")
		}
		return working(ctx)
	}
	server.Policy.Queue = "slow"
	r := start(t, upstream.Options{}, server)
	if len(r.names()) != 0 || r.reg.Queues()[0] != "slow" {
		t.Errorf("%q, queues %q", r.names(), r.reg.Queues())
	}
	if h := r.hub.Health()[0]; h.Err == nil || !strings.Contains(h.Err.Error(), "the vault is sealed") {
		t.Errorf("%+v", h)
	}
	mu.Lock()
	there = true
	mu.Unlock()
	await(t, "its tools", func() bool { return len(r.names()) > 0 })
}

func TestProgramsEnd(t *testing.T) {
	t.Parallel()
	t.Run("when nobody uses them", func(t *testing.T) {
		t.Parallel()
		p := &watched{}
		r := start(t, upstream.Options{Idle: 50 * time.Millisecond, Start: p.start}, program("up", "sdk"))
		await(t, "the program to be ended", func() bool { return p.running() == 0 })
		if got, err := r.call("up_echo", in{Text: "again"}); err != nil || !strings.Contains(got, "again") {
			t.Error(got, err)
		}
	})
	t.Run("with the hub, whatever they do", func(t *testing.T) {
		t.Parallel()
		p := &watched{}
		r := start(t, upstream.Options{Start: p.start}, program("up", "sdk"), program("old", "old"))
		dir, ended := t.TempDir(), make(chan error, 1)
		go func() {
			_, err := r.attempt(t.Context(), newTask(), "up_wait", in{Dir: dir})
			ended <- err
		}()
		await(t, "the tool", func() bool { return marks(dir, "began") == 1 })
		if p.running() != 2 {
			t.Errorf("%d run", p.running())
		}
		r.stop()
		if err := <-ended; err == nil || p.running() != 0 {
			t.Errorf("%v; %d run", err, p.running())
		}
	})
}

// watched starts programs, and knows which of them run.
type watched struct {
	mu      sync.Mutex
	started int
	ended   int
	signals []func(force bool)
}

func (w *watched) start(c upstream.Command) (*upstream.Process, error) {
	p, err := upstream.StartProcess(c)
	if err != nil {
		return nil, err
	}
	wait := p.Wait
	p.Wait = func() error {
		defer func() { w.mu.Lock(); w.ended++; w.mu.Unlock() }()
		return wait()
	}
	w.mu.Lock()
	w.started++
	w.signals = append(w.signals, p.Signal)
	w.mu.Unlock()
	return p, nil
}

// kill kills all of them.
func (w *watched) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, signal := range w.signals {
		signal(true)
	}
}

func (w *watched) running() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started - w.ended
}

// Earlier revisions do not say which call a question belongs to: each call has a program of its own. Later ones share one.
func TestProgramsAreSharedFrom20260728On(t *testing.T) {
	t.Parallel()
	for flavour, want := range map[string]int{"sdk": 1, "old": 3} {
		t.Run(flavour, func(t *testing.T) {
			t.Parallel()
			p := &watched{}
			server := program("up", flavour)
			server.Sessions = 3
			r := start(t, upstream.Options{Start: p.start}, server)
			release := make(chan struct{})
			open := make(chan struct{}, 10)
			done := make(chan error, 10)
			for range 4 { // one more than there may be sessions
				k := newTask()
				k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
					open <- struct{}{}
					<-release
					return []byte(`{"action":"accept","content":{"name":"Ada"}}`), nil
				}
				go func() {
					_, err := r.attempt(t.Context(), k, "up_ask", in{})
					done <- err
				}()
			}
			for range 3 {
				<-open
			}
			if p.running() != want {
				t.Errorf("%d programs run, want %d", p.running(), want)
			}
			select {
			case <-open:
				t.Error("a fourth call was made at once")
			case <-time.After(100 * time.Millisecond):
			}
			close(release)
			for range 4 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A program gets neither our environment nor our descendants' patience.
func TestStartProcess(t *testing.T) {
	t.Setenv("LONGHAUL_REDIS", "redis://:secret@host")
	var said strings.Builder
	p, err := upstream.StartProcess(upstream.Command{
		Args: []string{"sh", "-c", "sleep 600 & echo $! >&2; exit 0"}, Env: upstream.Environment([]string{"MINE=1"}), Stderr: &said,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(said.String()))
	if err != nil {
		t.Fatal(err)
	}
	await(t, "what it left behind to end", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) })
	env := strings.Join(upstream.Environment([]string{"MINE=1"}), "\n")
	if strings.Contains(env, "secret") || !strings.Contains(env, "PATH=") || !strings.HasSuffix(env, "MINE=1") {
		t.Errorf("%s", env)
	}
}

// zombie: it has ended, and nobody has asked how.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}
