package command_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/sys/unix"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

var floodSize = flag.Int64("flood", 256<<20, "how many bytes the program of TestAFlood writes")

// living are the processes of a task: all that its program started has the task's id in its environment.
func living(t testing.TB, id tasks.ID) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if env, err := os.ReadFile(f); err == nil && bytes.Contains(env, []byte("LONGHAUL_TASK="+id)) {
			pid, err := strconv.Atoi(strings.Split(f, "/")[2])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// stubborn is a tree of five processes that ignore SIGTERM: the program, a child, one in a session of its own, one that lost its parent,
// and one that did both.
const stubborn = `
	trap '' TERM HUP
	sleep 1000 &
	setsid sleep 1000 &
	(sleep 1000 &)
	(setsid sh -c 'trap "" TERM; sleep 1000 & wait' &)
	echo '{"log":"up"}'
	sleep 1000`

const stubbornTree = 6 // at least

func TestACancelledTreeIsGone(t *testing.T) {
	t.Parallel()
	rt, id, root := newClient(), tasks.NewID(0), t.TempDir()
	c := shell(stubborn)
	c.Root = root
	tool := registered(t, rigged(t, c))
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	returned := make(chan error, 1)
	go func() {
		_, err := attempt(ctx, tool, rt, id, `{}`)
		returned <- err
	}()
	rig.Await(t, "the tree stands", func() bool { return len(living(t, id)) >= stubbornTree })
	began := time.Now()
	cancel(tasks.ErrCancelled)
	if err := <-returned; !errors.Is(err, tasks.ErrCancelled) {
		t.Errorf("the attempt ended by %v", err)
	}
	took := time.Since(began)
	if left := living(t, id); len(left) > 0 {
		t.Errorf("left alive: %v", left)
	}
	if took < 4*time.Second || took > rig.Patience/2 {
		t.Errorf("it took %s", took)
	}
	t.Logf("all gone after %s", took)
	nothingIn(t, root)
}

// Whoever wants to end well hears that it is to stop: also what the program started, wherever that went.
func TestEveryProcessIsToldToStop(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"", "setsid "} {
		rt := newClient()
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			rt.until(t, "it runs", func(c *client) bool { return len(c.logs) > 0 })
			cancel(tasks.ErrDraining)
		}()
		c := shell(start + `sh -c "$CHILD"; echo in vain`)
		c.Env = map[string]string{"CHILD": `trap 'echo "{\"checkpoint\":\"told\"}"; exit 0' TERM; echo '{"log":"up"}'; while :; do sleep 0.1; done`}
		if _, err := call(t, ctx, c, rt, `{}`); !errors.Is(err, tasks.ErrDraining) || string(rt.kept) != `"told"` {
			t.Errorf("%ssh: ended by %v, kept %q", start, err, rt.kept)
		}
	}
}

// A worker that is not root could not end what became root.
func TestAProgramGetsNoNewPrivileges(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "no-privileges") // t.TempDir lets nobody else in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	worker := exec.CommandContext(t.Context(), "/proc/self/exe", string(tasks.NewID(0)), filepath.Join(root, "attempts"))
	worker.Env = append(os.Environ(), partVar+"=worker")
	worker.Stdin = strings.NewReader(`grep NoNewPrivs /proc/self/status >&2; exit 1`)
	if os.Getuid() == 0 {
		worker.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if err := os.Chown(root, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	said, err := worker.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "NoNewPrivs:\t1") {
		t.Errorf("%v, said:\n%s", err, said)
	}
}

// startWorker starts a process that runs an attempt of a script.
func startWorker(t *testing.T, id tasks.ID, root, script string) *exec.Cmd {
	t.Helper()
	worker := exec.CommandContext(t.Context(), os.Args[0], string(id), root)
	worker.Env = append(os.Environ(), partVar+"=worker")
	worker.Stdin = strings.NewReader(script)
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	return worker
}

func TestAKilledWorkerLeavesNothing(t *testing.T) {
	t.Parallel()
	id, root := tasks.NewID(0), t.TempDir()
	worker := startWorker(t, id, root, stubborn)
	rig.Await(t, "the tree stands", func() bool { return len(living(t, id)) >= stubbornTree })
	signal(t, worker.Process.Pid, syscall.SIGKILL)
	began := time.Now()
	_ = worker.Wait() // it was killed
	if !locked(t, filepath.Join(root, "attempt-*")) && len(living(t, id)) > 0 {
		t.Error("while the program still runs, another worker would remove its directory")
	}
	rig.Await(t, "the tree is gone", func() bool { return len(living(t, id)) == 0 })
	t.Logf("all gone after %s", time.Since(began))
	rig.Await(t, "its directory is gone", func() bool {
		left, err := filepath.Glob(filepath.Join(root, "attempt-*"))
		return err == nil && len(left) == 0
	})
}

// locked reports whether somebody works with a directory.
func locked(t *testing.T, pattern string) bool {
	t.Helper()
	dirs, err := filepath.Glob(pattern)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("there are %q, %v", dirs, err)
	}
	f, err := os.Open(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// supervisorOf is the parent of a task's program.
func supervisorOf(t *testing.T, id tasks.ID) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", living(t, id)[0]))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledSupervisorTakesTheProgramAlong(t *testing.T) {
	t.Parallel()
	rt, id := newClient(), tasks.NewID(0)
	tool := registered(t, rigged(t, shell(`trap '' TERM; sleep 1000 & echo '{"log":"up"}'; wait`)))
	returned := make(chan error, 1)
	go func() {
		_, err := attempt(t.Context(), tool, rt, id, `{}`)
		returned <- err
	}()
	rt.until(t, "it is up", func(c *client) bool { return len(c.logs) > 0 })
	signal(t, supervisorOf(t, id), syscall.SIGKILL)
	if err := <-returned; err == nil || !strings.Contains(err.Error(), "supervisor was killed") {
		t.Errorf("the attempt ended by %v", err)
	}
	rig.Await(t, "the program is gone", func() bool { return len(living(t, id)) == 0 })
}

func TestAProgramDiesThoughItsSupervisorIsKilledBesideTheWorker(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	worker := startWorker(t, id, t.TempDir(), `trap '' TERM; exec sleep 1000`)
	rig.Await(t, "it runs", func() bool { return len(living(t, id)) == 1 })
	supervisor := supervisorOf(t, id)
	signal(t, worker.Process.Pid, syscall.SIGSTOP) // so that it cannot see to it
	signal(t, supervisor, syscall.SIGKILL)
	rig.Await(t, "the program is gone", func() bool { return len(living(t, id)) == 0 })
	signal(t, worker.Process.Pid, syscall.SIGKILL)
	_ = worker.Wait() // it was killed
}

// A program may be gone before all that it wrote was read: what it asked for must not be forgotten.
func TestACheckpointThatFailsAfterTheEndOfItsProgram(t *testing.T) {
	t.Parallel()
	rt, id, broken := newClient(), tasks.NewID(0), errors.New("no room")
	rt.remember = func(context.Context) error {
		rig.Await(t, "the program is gone", func() bool { return len(living(t, id)) == 0 })
		rig.After(t, 100*time.Millisecond) // an outage of Redis that lasts
		return broken
	}
	tool := registered(t, rigged(t, shell(`echo '{"checkpoint":1}'; echo well`)))
	if _, err := attempt(t.Context(), tool, rt, id, `{}`); !errors.Is(err, broken) {
		t.Errorf("the attempt ended by %v", err)
	}
}

// Whoever stops a worker's whole group or unit signals its supervisors too: these end when their work is done.
func TestASupervisorDoesNotMindSignals(t *testing.T) {
	t.Parallel()
	rt, id, stop := newClient(), tasks.NewID(0), filepath.Join(t.TempDir(), "stop")
	c := shell(`echo '{"log":"up"}'; while ! [ -e "$STOP" ]; do sleep 0.02; done; echo fine`)
	c.Env = map[string]string{"STOP": stop}
	tool := registered(t, rigged(t, c))
	said := make(chan string, 1)
	go func() {
		res, err := attempt(t.Context(), tool, rt, id, `{}`)
		if err != nil {
			said <- err.Error()
			return
		}
		said <- texts(res)
	}()
	rt.until(t, "it is up", func(c *client) bool { return len(c.logs) > 0 })
	supervisor := supervisorOf(t, id)
	if session, err := unix.Getsid(supervisor); err != nil || session != supervisor {
		t.Errorf("it is in the session %d, %v: a terminal's signals would reach its program", session, err)
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2} {
		signal(t, supervisor, s)
	}
	rig.After(t, 100*time.Millisecond) // for one that minds
	if err := os.WriteFile(stop, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-said; got != "fine\n" {
		t.Errorf("the attempt said %q", got)
	}
}

func TestWhatAProgramLeavesRunningIsEnded(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	tool := registered(t, rigged(t, shell(`sleep 1000 & setsid sleep 1000 & (sleep 1000 &); echo done`)))
	res, err := attempt(t.Context(), tool, newClient(), id, `{}`) // they hold its stdout
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(res); got != "done\n" {
		t.Errorf("said %q", got)
	}
	if left := living(t, id); len(left) > 0 {
		t.Errorf("left alive: %v", left)
	}
}

// A process may have any name, also one that reads like something else in /proc.
func TestAProcessWithAnOddNameIsEnded(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	tool := registered(t, rigged(t, shell(`cp "$(command -v sleep)" 'a) S 1 1'; setsid './a) S 1 1' 1000 & sleep 0.1; echo done`)))
	if _, err := attempt(t.Context(), tool, newClient(), id, `{}`); err != nil {
		t.Fatal(err)
	}
	if left := living(t, id); len(left) > 0 {
		t.Errorf("left alive: %v", left)
	}
}

// A worker runs for months: no attempt may leave it a file or a child.
func TestAttemptsLeaveNothingOpen(t *testing.T) { // beside no other test
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes what is forgotten
	c := shell(`echo x; echo y >"$LONGHAUL_OUT/f"`)
	c.Keep = func(context.Context, tasks.ID, command.File, io.Reader) (mcp.Content, error) { return nil, nil }
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	before := 0
	for i := range 12 {
		done(t, c, newClient(), `{}`)
		contains(t, failing(t, command.Command{Args: []string{"echo", "${arg:x}"}}, `{"x":"-n"}`).Error(), "taken for an option")
		p := program(t, tasks.NewID(0), `:`, io.Discard)
		if err := errors.Join(p.Wait(), p.Stdout.Close()); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // what is opened once is open
			before = open()
		}
	}
	if now := open(); now > before+5 {
		t.Errorf("%d files are open after 2 attempts, and %d after 12", before, now)
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range stats {
		if stat, err := os.ReadFile(f); err == nil && strings.Contains(string(stat), fmt.Sprintf(") Z %d ", os.Getpid())) {
			t.Errorf("left behind: %s", stat)
		}
	}
}

// A supervisor must not pass on what it holds: a program could answer in its name, or keep its pipes open.
func TestAProgramHasItsStreamsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, limits := range []command.Limits{{}, {Files: 100}} {
		c := command.Command{Args: []string{"ls", "/proc/self/fd"}, Limits: limits}
		if got := strings.Fields(texts(done(t, c, newClient(), `{}`))); len(got) != 4 { // one is the directory that ls reads
			t.Errorf("it has %q", got)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("LONGHAUL_REDIS", "redis://:secret@host")
	t.Setenv("SECRET", "secret")
	t.Setenv("WANTED", "passed")
	t.Setenv("TZ", "UTC")
	c := command.Command{
		Args: []string{"env"}, Pass: []string{"WANTED", "NOT_SET"}, Limits: command.Limits{Files: 100},
		Env: map[string]string{"GREETING": "hello ${arg:who}", "ABSENT": "${arg:absent}", "TZ": "${arg:absent}"},
	}
	got := texts(done(t, c, newClient(), `{"who":"Ada\nSECRET=x"}`))
	contains(t, got, "WANTED=passed\n", "GREETING=hello Ada\nSECRET=x\n", "LONGHAUL_ATTEMPT=1\n", "LONGHAUL_OUT=/", "LONGHAUL_TASK=", "PATH=")
	for _, word := range []string{"secret", "ABSENT", "TZ=", "LONGHAUL_STAGE", "NOT_SET", "CHECKPOINT"} {
		if strings.Contains(got, word) {
			t.Errorf("it has %q:\n%s", word, got)
		}
	}
}

func TestASupervisorHasNoSecrets(t *testing.T) {
	t.Setenv("SECRET", "secret")
	got := texts(done(t, shell(`tr '\0' '\n' </proc/$PPID/environ; tr '\0' ' ' </proc/$PPID/cmdline`), newClient(), `{}`))
	if strings.Contains(got, "secret") || !strings.Contains(got, "longhaul-supervisor") {
		t.Errorf("it has:\n%s", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := command.Limits{Memory: 512 << 20, CPU: 1500 * time.Millisecond, Files: 77, Processes: 5000}
	c := shell(`ulimit -v; ulimit -t; ulimit -n; ulimit -Hv; ulimit -Ht; ulimit -Hn; ulimit -p 2>/dev/null || sed -n 's/^Max processes *\([0-9]*\).*/\1/p' /proc/self/limits`)
	c.Limits = limits
	want := []string{"524288", "2", "77", "524288", "3", "77", "5000"} // the hard ones keep the program from raising them
	if got := strings.Fields(texts(done(t, c, newClient(), `{}`))); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("limits are %q, want %q", got, want)
	}
	for want, alone := range map[string]command.Limits{"address space 536870912": {Memory: 512 << 20}, "processes 5000": {Processes: 5000}} {
		c := shell(`sed -n 's/^Max \([a-z ]*[a-z]\)  *\([0-9]*\) .*/\1 \2/p' /proc/self/limits`)
		c.Limits = alone
		contains(t, texts(done(t, c, newClient(), `{}`)), want+"\n")
	}
	c = shell(`while :; do :; done`)
	c.Limits.CPU = time.Second
	contains(t, failing(t, c, `{}`).Error(), "was killed by SIG")
	c = shell(`head -c 300M /dev/zero | tail -c 200M | wc -c`)
	c.Limits.Memory = 64 << 20
	if res, err := call(t, t.Context(), c, newClient(), `{}`); err == nil && strings.HasPrefix(texts(res), "2097") {
		t.Errorf("it had the memory: %s", texts(res))
	}
}

func TestAControlGroupThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for controller, g := range map[string]command.Cgroup{"memory": {Memory: 1 << 30}, "cpu": {CPUs: 0.5}, "pids": {Processes: 10}} {
		c := shell(`echo fine`)
		g.Parent = filepath.Join(t.TempDir(), "none")
		c.Limits.Cgroup = g
		rt := newClient()
		if got := texts(done(t, c, rt, `{}`)); got != "fine\n" {
			t.Errorf("said %q", got)
		}
		contains(t, rt.said(), "WARN the limits of a control group do not hold", controller)
		c.Limits.Cgroup.Required = true
		contains(t, failing(t, c, `{}`).Error(), "control group")
		if left, err := filepath.Glob(filepath.Join(g.Parent, "*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

func TestAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	root, err := os.MkdirTemp("", "another-user") // t.TempDir lets nobody else in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, limits := range []command.Limits{{}, {Files: 100}} {
		rt := newClient()
		rt.kept = []byte(`"kept"`)
		c := command.Command{Args: []string{"sh", "-c", `id -u; id -g; id -G; cat "$LONGHAUL_CHECKPOINT"; stat -c '%a %u' "$LONGHAUL_CHECKPOINT" . ..; echo out >"$LONGHAUL_OUT/f"; touch x; kill -9 $PPID`}, Limits: limits}
		c.User, c.Root = "65534:65533", filepath.Join(root, "attempts")
		if _, err := call(t, t.Context(), c, rt, `{}`); err == nil || !strings.Contains(err.Error(), "not permitted") {
			t.Errorf("a program that kills its supervisor: %v", err)
		}
		c.Args[2] = strings.TrimSuffix(c.Args[2], "; kill -9 $PPID")
		res := done(t, c, rt, `{}`)
		contains(t, texts(res), "65534\n65533\n65533\n\"kept\"\n600 65534\n700 65534\n711 0\n", "f:\nout")
	}
	named := shell(`id -un; id -gn; id -Gn`)
	named.User, named.Root = "nobody", filepath.Join(root, "attempts")
	want, err := exec.CommandContext(t.Context(), "sh", "-c", "id -un nobody; id -gn nobody; id -Gn nobody").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(done(t, named, newClient(), `{}`)); got != string(want) {
		t.Errorf("nobody is %q, want %q", got, want)
	}
}

func TestStaleDirectoriesAreRemoved(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	stale, others, groups := filepath.Join(root, "attempt-stale"), filepath.Join(root, "somebody's"), t.TempDir()
	group := filepath.Join(groups, "attempt-stale") // its control group
	for _, dir := range []string{filepath.Join(stale, "work"), others, group} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busy := shell(`echo '{"log":"up"}'; while ! [ -e "$STOP" ]; do sleep 0.02; done; touch still-there && echo fine`)
	stop := filepath.Join(t.TempDir(), "stop")
	busy.Root, busy.Env, busy.Limits.Cgroup.Parent = root, map[string]string{"STOP": stop}, groups
	rt := newClient()
	said := make(chan string, 1)
	go func() { said <- texts(done(t, busy, rt, `{}`)) }()
	rt.until(t, "it works", func(c *client) bool { return len(c.logs) > 0 })
	for _, dir := range []string{stale, group} {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("what a crash left is still there: %s, %v", dir, err)
		}
	}
	if _, err := os.Stat(others); err != nil {
		t.Errorf("what is no attempt's is gone: %v", err)
	}
	other := shell(`:`)
	other.Root = root
	done(t, other, newClient(), `{}`) // another worker, which sweeps as well
	if err := os.WriteFile(stop, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := <-said; got != "fine\n" {
		t.Errorf("it said %q", got)
	}
	nothingIn(t, root)
}

func TestAFlood(t *testing.T) {
	before := heap()
	peak := before
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-stop:
				return
			}
		}
	}()
	began := time.Now()
	got := texts(done(t, part("flood", fmt.Sprint(*floodSize)), newClient(), `{}`))
	took := time.Since(began)
	close(stop)
	<-watched
	left := *floodSize - 2*64<<10
	contains(t, got, fmt.Sprintf("… %d bytes left out …", left))
	if len(got) > 140<<10 {
		t.Errorf("the result has %d bytes", len(got))
	}
	t.Logf("%d MB in %s, heap from %d to at most %d KB", *floodSize>>20, took.Round(time.Millisecond), before>>10, peak>>10)
	if peak-before > 16<<20 {
		t.Errorf("the heap grew by %d MB", (peak-before)>>20)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	rt := newClient()
	got := texts(done(t, shell(`head -c 10000000 /dev/zero | tr '\0' x; echo; printf '{"log":"'; head -c 10000000 /dev/zero | tr '\0' y; echo '"}'; echo '{"log":"after"}'; echo end`), rt, `{}`))
	contains(t, got, "xxxx", "yyyy\"}\nend\n", "bytes left out")
	contains(t, rt.said(), "begins like a message", "INFO after")
}

func TestManyReports(t *testing.T) {
	t.Parallel()
	rt := newClient()
	began := time.Now()
	done(t, part("counter"), rt, `{}`)
	t.Logf("%.0f reports a second", float64(len(rt.reports))/time.Since(began).Seconds())
	if n := len(rt.reports); n != 100_000 || rt.reports[n-1].Done != 100_000 {
		t.Errorf("%d reports came", n)
	}
}

func TestALogIsBounded(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`seq 100000 >&2; echo '{"log":"x"}'`), rt, `{}`)
	if n := len(rt.logs); n > 500 {
		t.Errorf("%d lines came through", n)
	}
	contains(t, rt.said(), "lines of the program's log were left out")
}
