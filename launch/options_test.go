package launch

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
)

var (
	serverRole = role{name: "server", registry: noTools, serves: true, reads: true}
	workerRole = role{name: "worker", registry: noTools, works: true, reads: true, needsRedis: true}
	ownRole    = role{name: "own", registry: noTools, works: true}
)

func noTools(*options) *tasks.Registry { return new(tasks.Registry) }

func TestWrongFlagsAreExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role role
		args string
		want string
	}{
		"unknown":            {serverRole, "-bogus", "-bogus"},
		"argument":           {serverRole, "now", `unexpected argument "now"`},
		"duration":           {serverRole, "-drain soon", "such as 30s or 5m"},
		"level":              {serverRole, "-log-level loud", "use debug, info, warn or error"},
		"address":            {serverRole, "-addr 8080", "write host:port"},
		"open address":       {serverRole, "-addr 0.0.0.0:8080", "say -anonymous nobody"},
		"callers":            {serverRole, "-anonymous all", "use refuse, local or nobody"},
		"refused callers":    {serverRole, "-anonymous refuse", "say -anonymous nobody"},
		"directory":          {serverRole, "-data /no/such", "there is no such directory"},
		"no secret":          {serverRole, "-secret-file /no/such", "no such file"},
		"short secret":       {serverRole, "-secret-file options_test.go", "at least 32 are needed"},
		"slots":              {serverRole, "-concurrency 0", "use 1 to 10000"},
		"events":             {workerRole, "-redis redis://h -events 0", "use 1 or more"},
		"hold of nothing":    {serverRole, "-hold 0s", "use -handle-tools=false"},
		"hold backwards":     {ownRole, "-hold -1s", "it must be positive"},
		"queue":              {serverRole, "-queue a.b", "letters, digits"},
		"weight":             {serverRole, "-queues a=0", "use a number from 1 to 100"},
		"durability":         {serverRole, "-durability much", "use default or strict"},
		"strict and nowhere": {serverRole, "-durability strict", "needs -redis"},
		"front of a worker":  {ownRole, "-redis redis://h -hold=5s", "-hold is for front ends"},
		"no Redis":           {workerRole, "", "-redis (or LONGHAUL_REDIS) is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			_, err := parse(c.role, strings.Fields(c.args), &out)
			if !errors.Is(err, errUsage) || !strings.Contains(out.String(), c.want) || strings.Count(out.String(), "\n") > 3 {
				t.Errorf("%v, said %q, want %q in few words", err, out.String(), c.want)
			}
		})
	}
}

func TestFlagsAndTheirDefaults(t *testing.T) {
	t.Parallel()
	o, err := parse(serverRole, nil, &strings.Builder{})
	if err != nil || !o.embedded() || o.anonymous != server.Local || o.addr != "127.0.0.1:8080" || o.opsAddr != "127.0.0.1:9090" || o.data[0] != "." || o.drain != 0 || o.hold != 0 {
		t.Errorf("%+v %v", o, err)
	}
	o, err = parse(serverRole, strings.Fields("-redis redis://h -addr 0.0.0.0:80 -anonymous nobody -queues a=2,b -drain 1m"), &strings.Builder{})
	if err != nil || o.anonymous != server.Nobody || o.queues["a"] != 2 || o.queues["b"] != 1 || o.drain != time.Minute {
		t.Errorf("%+v %v", o, err)
	}
	for name, args := range map[string][]string{"worker": {"-redis", "redis://h"}, "check": {"-check"}} {
		if _, err := parse(workerRole, args, &strings.Builder{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o, err = parse(ownRole, []string{"-redis", "redis://h"}, &strings.Builder{}); err != nil || o.drain != 30*time.Second {
		t.Errorf("%+v %v", o, err)
	}
	var help strings.Builder
	if _, err := parse(workerRole, []string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "LONGHAUL_REDIS") || strings.Contains(help.String(), "embedded store in this process") {
		t.Errorf("%v %s", err, help.String())
	}
}
