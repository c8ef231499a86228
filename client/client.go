package client

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Options say who calls and how. The zero value is usable.
type Options struct {
	// Name and Version tell the server who calls. Default: longhaul-client, 0.
	Name, Version string
	// Token returns the bearer token for a request. Default: none is sent.
	Token func(ctx context.Context) (string, error)
	// Header is sent with each request. Default: nothing.
	Header http.Header
	// HTTP sends the requests. Its Timeout must be zero. Default: a client of our own.
	HTTP *http.Client
	// Answer answers a question. It is called once for each; several may be open at once, each in a goroutine of its own. Its context ends
	// when the question is no longer open. An error ends the wait, not the task. Default: the server is told that nobody can be asked.
	Answer func(ctx context.Context, q Question) (Answer, error)
	// Asked is told of a task's questions where Answer is nil, once of each: somebody else answers, perhaps from another process, by
	// Client.Answer. It may be called by several goroutines. Default: nobody is told.
	Asked func(q Question)
	// Answers are the kinds of question that can be answered, here or by whoever goes on with the task. Default: forms and visits if Answer
	// or Asked is set, otherwise none.
	Answers tasks.Capabilities
	// Changed is told the state of a task that is waited for: at first, and then whenever something changed, in order. A call that is not a
	// task for this client has no ID. It must be quick. Default: nobody is told.
	Changed func(t Task)
	// Trouble is told after each try why the server does not answer, and nil once it answers again. It must be quick. Default: nobody is told.
	Trouble func(err error)
	// Log is told what a tool logs, while its call stays open or its task of 2025-11-25 is waited for: tasks of 2026-07-28 have no log for
	// clients. level is one of RFC 5424's, data any JSON. It must be quick. Default: servers are not asked for the log.
	Log func(level string, data json.RawMessage)
	// LogLevel is the least severe level that Log is told of. Default: info.
	LogLevel string
	// Patience is how long to go on trying a server that cannot be reached, or that asks to come back later. Default: 5 minutes.
	Patience time.Duration
	// Stuck is how long a wait goes on without any change of the task before it ends with ErrStuck; the task goes on. Time in which a question
	// is open does not count. Default: for ever.
	Stuck time.Duration
	// MaxBody bounds what is read of one message. Default: 64 MiB.
	MaxBody int64
	// Revision is the only protocol revision to speak. Default: the newest that both sides know.
	Revision string
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name, o.Version = "longhaul-client", "0"
	}
	if o.Answers == nil && (o.Answer != nil || o.Asked != nil) {
		o.Answers = tasks.Capabilities{tasks.CanFillForms, tasks.CanVisit}
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Minute
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	return o
}

// Client is a connection to one server. Its methods may be used by several goroutines.
type Client struct {
	url    string
	opts   Options
	http   *http.Client
	owned  *http.Transport // ours to close
	server atomic.Pointer[Server]
	tools  toolCache

	lastID  atomic.Int64
	keyless atomic.Bool // the server refuses idempotency keys
	deaf    atomic.Bool // the server has no subscriptions to tasks
	contact contact

	session        session // this and what follows: before 2026-07-28
	serverRequests serverRequests
	attendance     attendance
}

// Server is what a server says about itself.
type Server struct {
	Name, Version string
	Instructions  string
	Revision      string // of the protocol that is spoken with it
	Tasks         bool   // it may make tasks of calls
	Resources     bool
	Subscribes    bool // it tells when a resource changes
	Prompts       bool
	Completes     bool // it completes arguments of prompts and of URI templates
	legacyTasks   bool // it takes a task parameter in tools/call (2025-11-25)
	legacyList    bool // it has tasks/list (2025-11-25)
}

// Dial finds out which revision a server speaks. If no server is there it fails at once, since the address may be wrong; one that asks to come
// back later is tried again.
func Dial(ctx context.Context, url string, opts Options) (*Client, error) {
	c := &Client{url: url, opts: opts.withDefaults(), http: opts.HTTP}
	c.server.Store(&Server{})
	if c.http == nil {
		c.owned = transport()
		c.http = &http.Client{Transport: c.owned, CheckRedirect: sameServer}
	}
	if err := c.negotiate(ctx); err != nil {
		c.Close() // there may be a session already
		return nil, err
	}
	return c, nil
}

// Server returns what the server said about itself.
func (c *Client) Server() Server { return *c.server.Load() }

func (c *Client) modern() bool { return isModern(c.server.Load().Revision) }

// Close ends the session, if there is one, and closes connections. Tasks go on.
func (c *Client) Close() {
	c.endSession()
	c.release()
}

// sameServer follows a redirect that changes nothing but the path: another host is not to see what was meant for this one, and a POST
// that becomes a GET says something else.
func sameServer(req *http.Request, via []*http.Request) error {
	if first := via[0]; len(via) > 3 || req.Method != first.Method || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

func transport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 8
	return t
}

func (c *Client) release() {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
}

// session is a connection's state before 2026-07-28.
type session struct {
	reopening sync.Mutex

	mu sync.Mutex
	id string
}
