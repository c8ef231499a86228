package redistest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			c := redistest.New(t)
			if set, err := c.SetNX(t.Context(), "k", i, 0).Result(); err != nil || !set {
				t.Errorf("the database is not empty: set %v, %v", set, err)
			}
		})
	}
}

func TestOptionsLeadSeveralClientsToOneDatabase(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		if err := redistest.Open(t, opts).Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got := redistest.Open(t, opts).Get(t.Context(), "k").Val(); got != "v" {
			t.Errorf("k is %q, want v", got)
		}
	})
}

func TestFrozenServerAnswersNothingUntilItIsThawed(t *testing.T) {
	t.Parallel()
	s := redistest.Private(t)
	c := s.Client(t)
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Ping(ctx).Err(); err == nil {
		t.Error("a frozen server answered")
	}
	s.Thaw()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestRestartKeepsAddressAndFiles(t *testing.T) {
	t.Parallel()
	s := redistest.Private(t, "--appendonly", "yes", "--appendfsync", "always")
	addr := s.Addr()
	for _, end := range []func(){s.Kill, s.Stop, func() {}} {
		want := strconv.FormatInt(time.Now().UnixNano(), 10)
		if err := s.Client(t).Set(t.Context(), "k", want, 0).Err(); err != nil {
			t.Fatal(err)
		}
		end()
		s.Restart()
		if got := s.Client(t).Get(t.Context(), "k").Val(); got != want || s.Addr() != addr {
			t.Errorf("k is %q at %s, want %q at %s", got, s.Addr(), want, addr)
		}
	}
}

func TestClusterServesEverySlot(t *testing.T) {
	t.Parallel()
	c := redistest.Open(t, redistest.Cluster(t))
	for i := range 30 {
		if err := c.Set(t.Context(), fmt.Sprint("k", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	nodes := map[string]bool{}
	err := c.(*redis.ClusterClient).ForEachMaster(t.Context(), func(_ context.Context, n *redis.Client) error {
		return n.Ping(t.Context()).Err()
	})
	if err != nil {
		t.Error(err)
	}
	for i := range 30 {
		n, err := c.(*redis.ClusterClient).MasterForKey(t.Context(), fmt.Sprint("k", i))
		if err != nil {
			t.Fatal(err)
		}
		nodes[n.Options().Addr] = true
	}
	if len(nodes) != 3 {
		t.Errorf("keys are on %d nodes, want 3", len(nodes))
	}
}

// panicking tells this test binary, run by TestServersDieWithAPanic, to start a server and to panic.
const panicking = "REDISTEST_PANIC"

func TestPanic(t *testing.T) {
	if os.Getenv(panicking) == "" {
		return
	}
	fmt.Printf("server at %s\n", redistest.Private(t).Addr())
	go panic("as asked") // in the test's own goroutine, its clean-up would still be run
	select {}
}

func TestServersDieWithAPanic(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // no other kernel ends a process with its parent
	}
	redistest.Private(t) // skips the test where the other binary would skip its own
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanic$")
	cmd.Env = append(os.Environ(), panicking+"=1")
	out, err := cmd.CombinedOutput()
	_, rest, ok := strings.Cut(string(out), "server at ")
	if err == nil || !ok {
		t.Fatalf("no server was started, or there was no panic: %v\n%s", err, out)
	}
	addr, _, _ := strings.Cut(rest, "\n")
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer c.Close()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(20 * time.Second); c.Ping(t.Context()).Err() == nil; <-poll.C {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its test binary")
		}
	}
}
