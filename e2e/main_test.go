package e2e

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

var (
	kills     = flag.Int("kills", 3, "how many workers TestKillWorker kills, and how often TestKillRedis kills Redis")
	freeze    = flag.Duration("freeze", 8*time.Second, "how long tests that freeze Redis do so")
	failovers = flag.Int("failovers", 0, "how many rounds of each kind TestFailover has; 0: one of each kind that loses most")
)

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		serveTools()
		return
	}
	overlap()
	rig.Main(m)
}

// overlap has more tests at once than there are cores, unless -parallel says how many: they mostly wait for what was killed.
func overlap() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if few := 4; !said && runtime.GOMAXPROCS(0) < few {
		_ = flag.Set("test.parallel", strconv.Itoa(few))
	}
}

const samples = "../testdata/logs"

// one is an image with one tool, named as what it does.
func one(does image.Behaviour, p tasks.Policy) image.Image {
	return image.Image{Name: string(does), Tools: []image.Tool{tool(string(does), does, p)}}
}

func tool(name string, does image.Behaviour, p tasks.Policy) image.Tool {
	return image.Tool{Tool: tasks.Tool{Name: name, Description: "Fixture", Policy: p}, Does: does}
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// gate is what attempts of a hold tool wait for.
type gate struct {
	t    *testing.T
	path string
}

func newGate(t *testing.T) gate { return gate{t, filepath.Join(t.TempDir(), "gate")} }

func (g gate) arguments() rig.Object { return rig.Object{"gate": g.path} }

func (g gate) open() {
	g.t.Helper()
	if err := os.WriteFile(g.path, nil, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// running waits until the n-th attempt at a task has started.
func running(f *rig.Fleet, task string, n int) image.Entry {
	return f.AwaitLedger("an attempt has started", func(l rig.Ledger) bool { return len(l.Starts(task)) >= n }).Starts(task)[n-1]
}

func openGate(t *testing.T) gate {
	g := newGate(t)
	g.open()
	return g
}
