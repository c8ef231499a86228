package launch

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/internal/embedded"
	"github.com/longhaul-mcp/longhaul/internal/redisdial"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
	"github.com/longhaul-mcp/longhaul/worker"
)

// parts is everything that a process is made of.
type parts struct {
	log        *slog.Logger
	name       string   // tells this process from others
	closers    []func() // called by close, the last first
	store      *store.Store
	blobs      *blob.Store // nil: there is none
	watcher    *store.Watcher
	dispatcher *keeper.Dispatcher
	keeper     *keeper.Keeper
	metrics    *prometheus.Registry
	registry   *tasks.Registry
	config     *configuration // nil: there is no file

	front  *server.Server // nil: this process has no front end
	worker *worker.Worker // nil: this process runs no tools
	hub    *upstream.Hub  // nil: it runs no tools, or there is no file that could name servers
	http   *http.Server   // MCP
	ops    *http.Server

	listener, opsListener net.Listener
	embedded              bool
	stopping              atomic.Bool
}

const openTimeout = 10 * time.Second

// assemble opens and connects the parts that the role and the options ask for. Nothing runs yet.
func assemble(ctx context.Context, r role, o *options, reg *tasks.Registry, log *slog.Logger) (_ *parts, err error) {
	p := &parts{log: log, name: processName(), metrics: prometheus.NewRegistry(), registry: reg, embedded: o.embedded()}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	p.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	ro, err := p.openRedis(o)
	if err != nil {
		return nil, err
	}
	redis.SetLogger(redisLog{log}) // its default writes plain text to stderr
	rdb := p.client(ro)
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if p.store, err = store.Open(opening, rdb, store.Options{Strict: o.durability == "strict", Events: o.events}); err != nil {
		return nil, fmt.Errorf("cannot use the Redis at %v: %w", ro.Addrs, err)
	}
	for _, w := range p.store.Check(opening) {
		warn(log, w)
	}
	if err := p.openBlobs(ctx, o); err != nil {
		return nil, err
	}
	q := queue.New(rdb)
	p.watcher = p.store.NewWatcher()
	p.dispatcher = keeper.NewDispatcher(p.store, q, log)
	p.keeper = keeper.New(p.store, q, p.name, log)
	p.keeper.Deleting(p.blobs)
	if r.fronts(o) {
		if p.front, err = server.New(server.Options{
			Store: p.store, Blobs: p.blobs, Watcher: p.watcher, Dispatcher: p.dispatcher, Anonymous: o.anonymous, Origins: o.origins, Secret: o.secret(),
			Hold: o.hold, NoHandles: !o.handleTools,
			Version: Version, Logger: log,
		}); err != nil {
			return nil, err
		}
	}
	if err := p.configure(r, o); err != nil {
		return nil, err
	}
	if r.runs(o) {
		p.worker = worker.New(worker.Options{
			Registry: p.registry, Store: p.store, Blobs: p.blobs, Watcher: p.watcher, Queue: queue.NewServer(redisdial.Connect(ro)), Dispatcher: p.dispatcher, Name: p.name,
			Concurrency: o.concurrency, DefaultQueue: o.queue, Queues: o.queues, Drain: o.drain, Logger: log,
		}, p.metrics)
	}
	return p, p.openDoors(ctx, o)
}

// configure applies the file, if there is one. It comes before the worker is made, which serves the queues of the tools that it finds.
func (p *parts) configure(r role, o *options) (err error) {
	if o.configFile == "" {
		return nil
	}
	if r.runs(o) {
		if p.hub, err = upstream.New(upstream.Options{Registry: p.registry, Logger: p.log, Start: supervised, Wait: connectPatience}); err != nil {
			return err
		}
		p.metrics.MustRegister(upstreamsUp{p.hub})
	}
	p.config = &configuration{path: o.configFile, reads: o.reads, tried: o.fileSeen, registry: p.registry, hub: p.hub, front: p.front, keeps: p.blobs != nil, log: p.log}
	p.metrics.MustRegister(p.config.gauge())
	return p.config.apply(&o.config)
}

func warn(log *slog.Logger, w store.Warning) {
	if w.Node != "" {
		log = log.With("node", w.Node)
	}
	log.Warn(w.Text)
}

// openRedis starts the embedded store, unless there is a Redis.
func (p *parts) openRedis(o *options) (*redis.UniversalOptions, error) {
	url := o.redis
	if o.embedded() {
		e, err := embedded.Start()
		if err != nil {
			return nil, fmt.Errorf("embedded store: %w", err)
		}
		p.closers = append(p.closers, e.Close)
		url = e.URL()
	}
	return redisdial.Options(url)
}

func (p *parts) client(o *redis.UniversalOptions) redis.UniversalClient {
	rdb := redisdial.Connect(o)
	p.closers = append(p.closers, func() { _ = rdb.Close() })
	return rdb
}

func (p *parts) openDoors(ctx context.Context, o *options) (err error) {
	var listen net.ListenConfig
	if p.front != nil {
		if p.listener, err = listen.Listen(ctx, "tcp", o.addr); err != nil {
			return fmt.Errorf("serve MCP: %w (another -addr?)", err)
		}
		p.http = door(p.front)
	}
	if o.opsAddr != "" && o.opsAddr != "off" {
		if p.opsListener, err = listen.Listen(ctx, "tcp", o.opsAddr); err != nil {
			return fmt.Errorf("serve health and metrics: %w (another -ops-addr, or off?)", err)
		}
		p.ops = opsDoor(p)
	}
	return nil
}

func (p *parts) close() {
	for _, l := range []net.Listener{p.listener, p.opsListener} {
		if l != nil {
			_ = l.Close()
		}
	}
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
}

// redisLog logs what the Redis client says about its connections at debug level: whoever uses the client gets an error anyway.
type redisLog struct{ log *slog.Logger }

func (r redisLog) Printf(ctx context.Context, format string, v ...any) {
	r.log.DebugContext(ctx, "redis client: "+fmt.Sprintf(format, v...))
}

// processName tells this process from all others on the same Redis, and a person where it is.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return host[:min(len(host), 40)] + ":" + strconv.Itoa(os.Getpid()) + ":" + strconv.FormatUint(uint64(rand.Uint32()), 36)
}
