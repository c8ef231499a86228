package e2e

import (
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

var many = flag.Int("leak", 2000, "how many tasks TestForgottenTasksLeaveNothing lets expire")

const few = 200

// What Redis holds when many tasks have been forgotten is what it held when few had.
func TestForgottenTasksLeaveNothing(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	rdb, dir := f.Redis.Client(t), t.TempDir()
	blobs := "-blob=file://" + dir
	l := &lives{
		local: f.Server(blobs).Client(t), other: f.Server(blobs).Client(t), stranger: f.Server(blobs, "-anonymous", "nobody").Client(t),
	}
	for range 2 {
		f.Image(mixture(), "-concurrency", "32", blobs)
	}
	for _, c := range []*rig.Client{l.local, l.other, l.stranger} {
		c.AwaitTool(t, "echo")
	}
	table := keyTable(t)
	met := make(map[string]bool)
	batch := func(n int) map[string]redistest.Holding {
		began := time.Now()
		maps.Copy(met, l.drive(t, n, func() map[string]bool { return named(t, table, redistest.Census(t, rdb)) }))
		drove := time.Since(began)
		census := forgotten(t, rdb)
		maps.Copy(met, named(t, table, census))
		t.Logf("after %d tasks of %d kinds (driven in %s, forgotten %s later): %d keys", n, len(kinds), drove.Round(time.Second), (time.Since(began) - drove).Round(time.Second), len(census))
		return census
	}
	first := batch(few)
	second := batch(*many)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("what Redis holds after %d tasks and after %d more (-first +second):\n%s", few, *many, diff)
	}
	for _, key := range slices.Sorted(maps.Keys(second)) {
		t.Logf("%s: %s of %d", key, second[key].Type, second[key].Size)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("in the blob store: %v, %v", left, err)
	}
	for _, r := range table {
		if !met[r.text] && !rare[r.text] {
			t.Errorf("the key table has %s, which no task made", r.text)
		}
	}
}

// rare are keys that this load does not make, or not for long.
var rare = map[string]bool{
	// with -durability strict
	"lh:{S}:sync": true,
	// of limits
	"lh:{lim}:permits:<tool>": true, "lh:{lim}:starts:<tool>": true, "lh:{lim}:wait:<tool>": true,
	// of clients of earlier revisions
	"mcp-session-<session>": true, "lh:{ses:<owner>}": true, "mcp-stream-<stream>": true,
	// of servers behind workers
	"lh:sources": true, "lh:{src:<source>}:q:<request>": true, "lh:{src:<source>}:wait": true, "lh:{src:<source>}:on": true, "lh:{src:<source>}:sub": true,
	"lh:{up}:on": true, "lh:{up}:view": true,
}

var (
	date    = regexp.MustCompile(`\d{4}-\d\d-\d\d$`)
	perTask = regexp.MustCompile(`^lh:\{\d+\}:(t|idem):|^lh:\{\d+\}:(due|live|ends|blobs)$|^lh:\{lim\}:(permits|starts|wait):|^asynq:\{.*\}:(t:.*|pending|active|lease|scheduled|retry)$`)
)

// forgotten waits until no task is left, and nobody is at work, and returns what Redis holds then.
func forgotten(t *testing.T, rdb redis.UniversalClient) map[string]redistest.Holding {
	t.Helper()
	var rest map[string]redistest.Holding
	var left []string
	ok := rig.Within(t, rig.Patience, func() bool {
		rest, left = make(map[string]redistest.Holding), nil
		for key, h := range redistest.Census(t, rdb) {
			if perTask.MatchString(key) {
				left = append(left, key)
			}
			if !strings.HasPrefix(key, "asynq:workers:{") { // there for seconds, if a delivery was being handed over as asynq looked
				rest[date.ReplaceAllString(key, "DATE")] = h
			}
		}
		return len(left) == 0 && rest["lh:keeper"].Size == 1
	})
	if !ok {
		t.Fatalf("%d keys of tasks are left: %.2000q", len(left), left)
	}
	return rest
}
