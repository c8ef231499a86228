package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Dispatcher hands a created or resumed task to the queue. Dispatch may block while too many are on their way. Position returns its place
// there, 1 for the next one, or 0 if that is not known. Settle passes on the permit that a cancelled task may have had under a limit, "" for
// none.
type Dispatcher interface {
	Dispatch(d tasks.Delivery)
	Position(ctx context.Context, d tasks.Delivery) (int, error)
	Settle(limit string, id tasks.ID)
}

// Options say how a front end behaves. Store, Watcher and Dispatcher are required.
type Options struct {
	Store      *store.Store
	Watcher    *store.Watcher
	Dispatcher Dispatcher

	// Anonymous says who a caller without authentication is. Zero: Nobody.
	Anonymous Anonymous
	// Origins are the web origins that may call, beside this server's own and loopback: "https://app.example.com", or "*".
	// On a loopback address their hosts are also accepted as Host, which a proxy in the same pod sends. Zero: none.
	Origins []string

	// Blobs is where workers leave large results and artifacts. Zero: there is none, and these cannot be read.
	Blobs *blob.Store

	// Secret reads the keys that sign requestState, with white space between them: the first signs, each is believed, so that a key
	// can be replaced while replicas run. All replicas need the same. Zero: one that is kept in Redis.
	Secret func(ctx context.Context) (string, error)

	// Version is what serverInfo says. Zero: "dev".
	Version string
	// Logger gets panics and errors that no client can be told about. Zero: slog.Default().
	Logger *slog.Logger
	// Hold is how long the call of a client without tasks stays open before it is answered with a handle. If more is known about a client, the
	// shorter time counts. Zero: as long as the client is known to survive, or else 50 s.
	Hold time.Duration
	// Clients give the hold for clients by their names; that counts before Hold and before what is known. Zero: none.
	Clients []Client
	// NoHandles makes such calls stay open until their task ends, and leaves out the handle tools. Zero: false.
	NoHandles bool
	// Ping is how often a silent stream gets a comment. Zero: 15 s.
	Ping time.Duration
	// Now is the clock for the expiry of requestState and for starts in the future. Zero: time.Now.
	Now func() time.Time

	profiles []profile // what is known about clients. Zero: profiles; tests have their own
}

const (
	maxBody      = 4 << 20
	defaultHold  = 50 * time.Second // most hosts give up after 60
	defaultPing  = 15 * time.Second
	storeTimeout = 2 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Anonymous == "" {
		o.Anonymous = Nobody
	}
	if o.Secret == nil {
		o.Secret = o.Store.Secret
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Ping == 0 {
		o.Ping = defaultPing
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.profiles == nil {
		o.profiles = profiles
	}
	return o
}

// Server is one replica of the front end. Any replica serves any request.
type Server struct {
	opts     Options
	about    wire.Implementation
	store    *store.Store
	origins  origins
	mirror   *mirror
	handles  handleTools
	clients  atomic.Pointer[[]profile] // as the operator says
	graces   *graces
	sdk      http.Handler
	drain    sync.Once
	draining chan struct{}
}

// New makes a front end. It answers from the start, and is ready once Run has mirrored the catalogue.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Watcher == nil || o.Dispatcher == nil {
		return nil, errors.New("server: Store, Watcher and Dispatcher are required")
	}
	o = o.withDefaults()
	if err := o.Anonymous.validate(); err != nil {
		return nil, err
	}
	allowed, err := parseOrigins(o.Origins)
	if err != nil {
		return nil, err
	}
	about := wire.Implementation{Name: "longhaul", Version: o.Version}
	s := &Server{
		opts:     o,
		about:    about,
		store:    o.Store,
		origins:  allowed,
		mirror:   newMirror(o.Store, o.Watcher, o.Logger),
		handles:  newHandleTools(o),
		graces:   newGraces(),
		sdk:      newSDK(about, o.Logger),
		draining: make(chan struct{}),
	}
	s.SetClients(o.Clients)
	return s, nil
}

// SetClients replaces Options.Clients, for calls that come from now on.
func (s *Server) SetClients(clients []Client) {
	list := configured(clients)
	s.clients.Store(&list)
}

// Run keeps the front end's background work going until ctx ends, which also drains it.
func (s *Server) Run(ctx context.Context) error {
	defer s.graces.close()
	defer s.Drain()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.mirror.run(ctx) })
	return g.Wait()
}

// Drain prepares for shutdown: Ready answers 503 from now on, subscriptions end gracefully, and calls that are held are told at once
// to come back, here or to another replica. Their tasks run on. A task that need not be waited for can still be created.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// brief bounds a trip to the store that a client waits for.
func brief(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, storeTimeout)
}
