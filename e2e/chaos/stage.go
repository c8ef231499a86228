package chaos

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// stage is the programs that are broken, each with its own way to one Redis.
type stage struct {
	t     testing.TB
	fleet *rig.Fleet
	parts []*part // servers, then workers
	cut   func()  // closes all pub/sub connections
	logs  string  // directory of what the programs said
}

// part is one place in which a program runs, again and again.
type part struct {
	name    string
	proxy   *proxy
	process *rig.Process
	url     string // of a server
	lives   []Life
	told    bool // to end, or not to run for now
	serves  string
}

// everyEvent is more than any task has.
const everyEvent = "1000000"

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{t: t, fleet: rig.New(t, "--appendonly", "yes", "--appendfsync", "everysec")}
	s.keepLogs()
	rdb := s.fleet.Redis.Client(t)
	s.cut = func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = rdb.Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err() // while Redis is frozen it cannot be told
	}
	im := image.Image{Name: "chaos"}
	for _, f := range fixtures {
		tool := image.Tool{Does: f.does}
		tool.Name, tool.Description, tool.Policy = f.name, "Fixture", f.kept()
		im.Tools = append(im.Tools, tool)
	}
	for i := range servers {
		p := &part{name: fmt.Sprintf("server %d", i+1), proxy: newProxy(t, s.fleet.Redis.Addr()), serves: `"server is up"`}
		server := s.fleet.Server("-redis", p.proxy.url(), "-addr", freeAddress(t), "-events", everyEvent)
		p.process, p.url = server.Process, server.URL
		s.parts = append(s.parts, p)
	}
	for i := range workers {
		p := &part{name: fmt.Sprintf("worker %d", i+1), proxy: newProxy(t, s.fleet.Redis.Addr()), serves: `"worker serves"`}
		p.process = s.fleet.Image(im, "-redis", p.proxy.url(), "-concurrency", fmt.Sprint(slots), "-drain", "1s", "-events", everyEvent)
		s.parts = append(s.parts, p)
	}
	for _, p := range s.parts {
		p.process.Quiet()
		p.lives = []Life{{Name: p.name, PID: p.process.PID(), Began: p.process.Started}}
	}
	return s
}

// keepLogs makes a directory of what the programs said, for when the test fails.
func (s *stage) keepLogs() {
	dir, err := os.MkdirTemp("", "longhaul-chaos")
	if err != nil {
		s.t.Fatal(err)
	}
	s.logs = dir
	s.t.Cleanup(func() {
		if !s.t.Failed() {
			_ = os.RemoveAll(dir)
			return
		}
		for _, p := range s.parts {
			s.keep(p)
		}
		s.t.Logf("what the programs said is in %s", dir)
	})
}

// freeAddress is below the ports that systems give to outgoing connections: it stays free while its server is away.
func freeAddress(t testing.TB) string {
	t.Helper()
	for port := 22100; port < 32000; port++ {
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
		if err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

func (p *part) life() *Life { return &p.lives[len(p.lives)-1] }

// kill ends the part's program at once.
func (p *part) kill() time.Time {
	p.told = true
	at := time.Now()
	p.process.Kill()
	p.life().Ended, p.life().Killed = at, true
	return at
}

// revive starts the part's program again.
func (s *stage) revive(p *part) {
	s.keep(p)
	p.process = p.process.Again()
	p.told = false
	p.lives = append(p.lives, Life{Name: p.name, PID: p.process.PID(), Began: p.process.Started})
}

// keep writes down what a program said in its life.
func (s *stage) keep(p *part) {
	file := filepath.Join(s.logs, fmt.Sprintf("%s.%03d.pid%d.log", strings.ReplaceAll(p.name, " ", ""), len(p.lives), p.process.PID()))
	if err := os.WriteFile(file, []byte(p.process.Said()), 0o600); err != nil {
		s.t.Error(err)
	}
}

// tend starts again what ended by itself, as whoever runs programs does. Only one that never served may do so: it found no Redis.
func (s *stage) tend() {
	for _, p := range s.parts {
		if p.told || !p.process.Exited() {
			continue
		}
		p.life().Ended = time.Now()
		if said := p.process.Said(); strings.Contains(said, p.serves) {
			p.life().Astray = said[max(0, len(said)-4<<10):]
		}
		s.revive(p)
	}
}

// doors are clients of every server.
func (s *stage) doors() []*rig.Client {
	var list []*rig.Client
	for _, p := range s.parts[:servers] {
		list = append(list, rig.NewClient(s.t, p.url))
	}
	return list
}

func (s *stage) lives() []Life {
	var list []Life
	for _, p := range s.parts {
		list = append(list, p.lives...)
	}
	return list
}
