package rig

import (
	"fmt"
	"net"
	"os"
	"slices"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// Fleet is one Redis and the processes around it.
type Fleet struct {
	Redis  *redistest.Server // nil: it was given by its URL
	Env    []string          // what its processes have in their environment besides
	t      testing.TB
	url    string
	count  int
	ledger string
}

// New starts a Redis, with the arguments that the test needs.
func New(t testing.TB, redis ...string) *Fleet {
	t.Helper()
	r := redistest.Private(t, redis...)
	f := On(t, "redis://"+r.Addr())
	f.Redis = r
	return f
}

// On has the processes use a Redis of the test's: any URL that the product takes.
func On(t testing.TB, url string) *Fleet {
	t.Helper()
	return &Fleet{t: t, url: url, ledger: t.TempDir() + "/ledger"}
}

// For is the fleet as a subtest uses it: what it starts ends with that subtest.
func (f *Fleet) For(t testing.TB) *Fleet {
	own := *f
	own.t = t
	return &own
}

// URL leads to the fleet's Redis.
func (f *Fleet) URL() string { return f.url }

// Worker starts a worker with the built-in tools and waits until it serves.
func (f *Fleet) Worker(args ...string) *Process {
	f.t.Helper()
	return f.worker("worker", nil, args)
}

// Image starts a worker of an image and waits until it serves. Its attempts go to the fleet's ledger.
func (f *Fleet) Image(im image.Image, args ...string) *Process {
	f.t.Helper()
	im.Ledger = f.ledger
	return f.worker("fixture", []string{im.Env()}, args)
}

func (f *Fleet) worker(binary string, env, args []string) *Process {
	f.t.Helper()
	args = slices.Concat([]string{"-redis", f.URL(), "-ops-addr", "off"}, args)
	p := Start(f.t, f.name(binary), program(f.t, binary), slices.Concat(f.Env, env), args...)
	p.Line(`"worker serves"`)
	return p
}

func (f *Fleet) name(binary string) string {
	f.count++
	return fmt.Sprintf("%s %d", binary, f.count)
}

// Ledger is what the images' attempts wrote so far.
func (f *Fleet) Ledger() Ledger {
	f.t.Helper()
	list, err := image.Read(f.ledger)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// AwaitLedger waits until the ledger says what the test wants to see, and returns it.
func (f *Fleet) AwaitLedger(what string, ok func(Ledger) bool) Ledger {
	f.t.Helper()
	var l Ledger
	Await(f.t, what, func() bool { l = f.Ledger(); return ok(l) })
	return l
}

func touch(t testing.TB, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Solo starts the server program with nothing but the arguments given.
func Solo(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	return Start(t, "server", program(t, "server"), env, args...)
}

// SoloWorker starts the worker program with nothing but the arguments given.
func SoloWorker(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	return Start(t, "worker", program(t, "worker"), env, args...)
}

// FreePort is a loopback address that nobody listened at a moment ago.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
