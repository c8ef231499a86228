package launch

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"

	"github.com/longhaul-mcp/longhaul/internal/configfile"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

// options are the flags of all binaries; each binary declares those that it has.
type options struct {
	addr, opsAddr string
	redis, blob   string
	anonymous     server.Anonymous
	origins       list
	secretFile    string
	hold          time.Duration // zero: the server decides by client
	handleTools   bool
	work          bool

	data         list
	builtinTools bool
	concurrency  int
	durability   string
	events       int
	queue        string
	queues       weights
	drain        time.Duration

	configFile string
	config     configfile.File
	reads      configfile.Options // which of its parts are read
	fileSeen   string             // what look said just before it was read

	check    bool
	probe    string
	logLevel slog.Level
}

func (o *options) embedded() bool { return o.redis == "" }

// parse reads the flags, then the environment, and refuses what does not fit together.
func parse(r role, args []string, out io.Writer) (*options, error) {
	o := &options{}
	fs := declare(r, o)
	err := ff.Parse(fs, args, ff.WithEnvVarPrefix("LONGHAUL"))
	if errors.Is(err, flag.ErrHelp) {
		usage(out, r, fs)
		return nil, err
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: every option starts with -", fs.Arg(0))
	}
	if err == nil {
		err = o.refuseFrontFlags(r, args)
	}
	if err == nil {
		err = o.resolve(r)
	}
	if err != nil {
		fmt.Fprintf(out, "%s: %v\nTry %s -h.\n", r.name, err, r.name)
		return nil, errUsage
	}
	return o, nil
}

func declare(r role, o *options) *flag.FlagSet {
	fs := flag.NewFlagSet(r.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are explained by parse
	fs.Usage = func() {}     // nobody wants a page of help with an error
	url := "`URL` of the Redis that servers and workers share: redis://, rediss://, redis-sentinel:// or redis-cluster://"
	if !r.needsRedis {
		url += "\nempty: an embedded store in this process, which vanishes at exit"
	}
	fs.StringVar(&o.redis, "redis", "", url)
	fs.StringVar(&o.blob, "blob", "", "`URL` of where servers and workers keep results over 256 KiB and files that tools leave:\nfile:///directory (shared by all; ?create=true makes it), s3://bucket?region=…, gs://bucket or azblob://container\n(default none, and a result over 16 MiB is an error; with an embedded store a temporary directory)")
	fs.StringVar(&o.durability, "durability", "default", "`default|strict`: strict answers only when a replica of Redis has the write too")
	fs.IntVar(&o.events, "events", store.DefaultEvents, "how many events of a task are kept for replay, the same on every process")
	if r.serves || !r.needsRedis {
		declareFront(fs, o)
	}
	ops := "127.0.0.1:9091"
	if r.serves {
		ops = "127.0.0.1:9090"
	}
	fs.StringVar(&o.opsAddr, "ops-addr", ops, "where to serve health and metrics: `host:port`, or off")
	declareWorker(r, fs, o)
	fs.StringVar(&o.configFile, "config", "", "YAML `file` with what takes more than a flag, one for all processes: clients (front ends),\ntools (any program) and servers (other MCP servers; both for those who run tools);\nread again when it changes, and on SIGHUP")
	fs.BoolVar(&o.check, "check", false, "validate flags, tools and all of -config, also what is for other processes, and exit")
	fs.StringVar(&o.probe, "probe", "", "GET this `URL`, exit 0 if it answers 200, and do nothing else: a health check for images without curl")
	fs.Func("log-level", "`debug|info|warn|error` (default info)", func(s string) error {
		if o.logLevel.UnmarshalText([]byte(s)) != nil {
			return errors.New("use debug, info, warn or error")
		}
		return nil
	})
	return fs
}

// declareFront declares the flags of processes that are a front end, or are one when they run without Redis.
func declareFront(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where to serve MCP: `host:port`")
	fs.StringVar((*string)(&o.anonymous), "anonymous", "", "who callers without authentication are: `refuse|local|nobody`\nlocal: one and the same person; nobody: strangers, each task's id is its only key\n(default local on a loopback address; any other needs your word)")
	fs.StringVar(&o.secretFile, "secret-file", "", "`file` with the keys that sign what clients carry between calls, read anew at each use:\nthe first signs, each is believed (default: one key, kept in Redis)")
	fs.Var(&o.origins, "origins", "web `origins` that may call, besides loopback and the server's own, comma-separated")
	fs.Func("hold", "how `long` the call of a client without tasks stays open before it is answered with a handle, such as 50s\n(default as long as the client is known to wait, otherwise 50s)", o.setHold)
	fs.BoolVar(&o.handleTools, "handle-tools", true, "offer task_wait, task_get, task_list, task_cancel and task_answer to clients without tasks")
}

// refuseFrontFlags refuses flags of a front end given to a worker, where they would do nothing. Variables in the environment may be meant for
// other processes.
func (o *options) refuseFrontFlags(r role, args []string) error {
	if r.fronts(o) {
		return nil
	}
	fronts := flag.NewFlagSet("", flag.ContinueOnError)
	declareFront(fronts, &options{})
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && fronts.Lookup(name) != nil {
			return fmt.Errorf("-%s is for front ends, and with -redis this is a worker: start a server for it", name)
		}
	}
	return nil
}

func declareWorker(r role, fs *flag.FlagSet, o *options) {
	if r.serves {
		fs.BoolVar(&o.work, "worker", false, "run a worker in this process too (default only when embedded)")
	}
	if r.reads {
		fs.Var(&o.data, "data", "`directory` that built-in tools may read, repeatable (default .)")
		fs.BoolVar(&o.builtinTools, "builtin-tools", true, "offer analyze_logs; false leaves the tools of -config alone")
	}
	fs.IntVar(&o.concurrency, "concurrency", worker.DefaultConcurrency, "attempts to run at once")
	fs.StringVar(&o.queue, "queue", worker.DefaultQueue, "`name` of the queue of tools whose policy names none")
	fs.Var(&o.queues, "queues", "`queues` to serve, with weights: heavy=3,default=1 (default the queues of its own tools)")
	o.drain = worker.DefaultDrain
	fs.Var((*duration)(&o.drain), "drain", "how `long` running attempts may finish at shutdown, such as 30s (with an embedded store, which ends too: 0)")
}

// fine is what -check says if nothing is wrong.
func (o *options) fine() string {
	if o.configFile == "" {
		return "flags and tools are fine; Redis was not asked"
	}
	return "flags, tools and " + o.configFile + " are fine; Redis was not asked"
}

func usage(out io.Writer, r role, fs *flag.FlagSet) {
	fmt.Fprintf(out, "%s\n\nUsage: %s [flags]\n\nEvery flag can be set in the environment too: -redis is LONGHAUL_REDIS, -ops-addr is LONGHAUL_OPS_ADDR.\n\n", r.about, r.name)
	fs.SetOutput(out)
	fs.PrintDefaults()
}

// resolve fills in what follows from other flags, and refuses what does not fit together.
func (o *options) resolve(r role) error {
	if o.embedded() && (r.needsRedis || os.Getenv("LONGHAUL_EMBEDDED") == "never") && o.probe == "" && !o.check {
		return errors.New("-redis (or LONGHAUL_REDIS) is needed: without it, tasks would be kept in this process and vanish with it")
	}
	if o.concurrency < 1 || o.concurrency > 10000 {
		return fmt.Errorf("-concurrency %d: use 1 to 10000", o.concurrency)
	}
	if o.events < 1 {
		return fmt.Errorf("-events %d: use 1 or more", o.events)
	}
	if o.durability != "default" && o.durability != "strict" {
		return fmt.Errorf("-durability %q: use default or strict", o.durability)
	}
	if o.durability == "strict" && o.embedded() {
		return errors.New("-durability strict needs -redis: the embedded store has no replica")
	}
	if err := tasks.ValidQueue(o.queue); err != nil {
		return fmt.Errorf("-queue: %w", err)
	}
	if o.drain < 0 {
		return fmt.Errorf("-drain %s: it cannot be negative", o.drain)
	}
	if o.embedded() && o.drain == worker.DefaultDrain {
		o.drain = 0
	}
	if err := o.resolveData(r); err != nil {
		return err
	}
	if err := o.resolveConfig(r); err != nil {
		return err
	}
	if o.probe != "" || !r.fronts(o) {
		return nil
	}
	if o.secretFile != "" {
		if _, err := readSecret(o.secretFile); err != nil {
			return fmt.Errorf("-secret-file %s: %w", o.secretFile, err)
		}
	}
	return o.resolveCallers()
}

func (o *options) resolveData(r role) error {
	if len(o.data) == 0 {
		o.data = list{"."}
	}
	for _, dir := range o.data {
		if info, err := os.Stat(dir); r.reads && (err != nil || !info.IsDir()) {
			return fmt.Errorf("-data %s: there is no such directory", dir)
		}
	}
	return nil
}

func (o *options) resolveConfig(r role) (err error) {
	if o.configFile == "" || o.probe != "" {
		return nil
	}
	o.reads = configfile.Options{Serves: r.fronts(o), Works: r.runs(o), Check: o.check, Taken: r.tools(o)}
	o.fileSeen = look(o.configFile)
	file, err := configfile.Read(o.configFile, o.reads)
	if configfile.IsSlip(err) {
		return fmt.Errorf("-config is wrong:\n%w", err) // each slip on a line of its own, for editors that jump there
	}
	if err != nil {
		return fmt.Errorf("-config: %w", err)
	}
	o.config = *file
	return nil
}

// setHold reads the flag -hold.
func (o *options) setHold(s string) error {
	if err := (*duration)(&o.hold).Set(s); err != nil {
		return err
	}
	if o.hold <= 0 {
		return errors.New("it must be positive; to hold calls until their task ends use -handle-tools=false")
	}
	return nil
}

// resolveCallers decides who callers without authentication are. On a loopback address that is the person at the machine; on any other somebody
// has to say it.
func (o *options) resolveCallers() error {
	switch o.anonymous {
	case server.Local, server.Nobody:
		return nil
	case "", "refuse":
	default:
		return fmt.Errorf("-anonymous %q: use refuse, local or nobody", o.anonymous)
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return fmt.Errorf("-addr %q: write host:port, such as 127.0.0.1:8080", o.addr)
	}
	if o.anonymous == "" && loopback(o.addr) {
		o.anonymous = server.Local
		return nil
	}
	return fmt.Errorf("-addr %s can be reached by others, and callers are not authenticated: say -anonymous nobody (strangers: a task's id is its only key) or -anonymous local (whoever reaches this address is one and the same person)", o.addr)
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// duration is a flag like 30s.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

// Set reads the flag.
func (d *duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("use a number with a unit, such as 30s or 5m")
	}
	*d = duration(v)
	return nil
}

// list is a flag that may be given several times, or once with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds the values of one flag.
func (l *list) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

// weights is a flag like heavy=3,default=1.
type weights map[string]int

func (w *weights) String() string {
	var parts []string
	for name, n := range *w {
		parts = append(parts, name+"="+strconv.Itoa(n))
	}
	return strings.Join(parts, ",")
}

const maxWeight = 100

// Set adds the queues of one flag.
func (w *weights) Set(s string) error {
	if *w == nil {
		*w = make(weights)
	}
	for part := range strings.SplitSeq(s, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(part), "=")
		n := 1
		if weighted {
			var err error
			if n, err = strconv.Atoi(weight); err != nil || n < 1 || n > maxWeight {
				return fmt.Errorf("weight %q of queue %s: use a number from 1 to %d", weight, name, maxWeight)
			}
		}
		if err := tasks.ValidQueue(name); err != nil {
			return err
		}
		(*w)[name] = n
	}
	return nil
}
