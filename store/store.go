package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	mrand "math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Options say how a store behaves. The zero value is right for production; all processes on one Redis use the same.
type Options struct {
	Shards   int           // how many shards a new Redis is divided into. Zero: 16, or what the Redis already has
	Liveness time.Duration // how long an attempt is believed to run without a beat. Zero: 15 s
	Look     time.Duration // how soon an unclaimed task is looked at again, at first. Zero: 5 s
	Again    time.Duration // the same, of one that was claimed before. Zero: 500 ms
	Gap      time.Duration // silence of the keeper after which nobody is reaped for a while. Zero: 6 s
	Pause    time.Duration // that while. Zero: 2 × Liveness
	Strict   bool          // create, answer and the end of a task wait for a replica. Zero: false
	Sessions int           // how many sessions a caller may have. Zero: 10,000
	Events   int           // how many events of a task are kept for replay. Zero: DefaultEvents
}

// DefaultEvents is how many events of a task are kept for replay.
const DefaultEvents = 100

const (
	maxLook    = 10 * time.Minute
	steady     = 10 * time.Minute // an attempt that lived so long was not killed by its own task
	grace      = 10 * time.Minute // expiry is the pruner's work; keys outlive it only where no keeper lives
	crashLimit = 3                // crashes that count as one failure
	defShards  = 16
	maxShards  = 4096
)

func (o Options) withDefaults() Options {
	if o.Liveness == 0 {
		o.Liveness = 15 * time.Second
	}
	if o.Look == 0 {
		o.Look = 5 * time.Second
	}
	if o.Again == 0 {
		o.Again = 500 * time.Millisecond
	}
	if o.Gap == 0 {
		o.Gap = 6 * time.Second
	}
	if o.Pause == 0 {
		o.Pause = 2 * o.Liveness
	}
	if o.Sessions == 0 {
		o.Sessions = defSessions
	}
	if o.Events == 0 {
		o.Events = DefaultEvents
	}
	return o
}

// Store keeps tasks in one Redis. It may be used by many goroutines at once.
type Store struct {
	rdb     redis.UniversalClient
	opts    Options
	shards  int
	scripts scripts
}

// Open checks that Redis answers and is divided as this program expects. The client stays the caller's.
func Open(ctx context.Context, rdb redis.UniversalClient, o Options) (*Store, error) {
	s := &Store{rdb: rdb, opts: o.withDefaults()}
	s.scripts = load(s.opts)
	n, err := s.divide(ctx, o.Shards)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s.shards = n
	return s, nil
}

// divide decides the number of shards: the first process on a Redis decides, for good, since ids name their shard.
func (s *Store) divide(ctx context.Context, want int) (int, error) {
	if want < 0 || want > maxShards {
		return 0, fmt.Errorf("%d shards: use 1 to %d", want, maxShards)
	}
	first := want
	if first == 0 {
		first = defShards
	}
	if err := s.rdb.SetNX(ctx, shardsKey, first, 0).Err(); err != nil {
		return 0, err
	}
	n, err := s.rdb.Get(ctx, shardsKey).Int()
	if err != nil {
		return 0, err
	}
	if want != 0 && n != want {
		return 0, fmt.Errorf("this Redis is divided into %d shards, not %d: ids of its tasks say so", n, want)
	}
	if n < 1 || n > maxShards {
		return 0, fmt.Errorf("this Redis says that it is divided into %d shards: key %s is damaged", n, shardsKey)
	}
	return n, nil
}

// Shards is how many shards the tasks are divided into.
func (s *Store) Shards() int { return s.shards }

// Liveness is how long an attempt is believed to run without a beat.
func (s *Store) Liveness() time.Duration { return s.opts.Liveness }

// NewID makes an id for a task. The shard follows from what the call shares with its repeats (NewTask.Repeats), if anything, so that
// a repeat finds its first call.
func (s *Store) NewID(owner tasks.Owner, repeats string) tasks.ID {
	if repeats == "" {
		return tasks.NewID(mrand.IntN(s.shards))
	}
	h := fnv.New32a()
	h.Write([]byte(hashKey(string(owner), repeats)))
	return tasks.NewID(int(h.Sum32() % uint32(s.shards)))
}

// Ping reports whether Redis answers.
func (s *Store) Ping(ctx context.Context) error { return s.rdb.Ping(ctx).Err() }

// Secret is what signs that which clients carry around for us, as an operator may have written it. All processes on one Redis share it;
// the first that asks makes it.
func (s *Store) Secret(ctx context.Context) (string, error) {
	secret, err := s.rdb.Get(ctx, secretKey).Result()
	if errors.Is(err, redis.Nil) {
		if err = s.rdb.SetNX(ctx, secretKey, rand.Text(), 0).Err(); err == nil {
			secret, err = s.rdb.Get(ctx, secretKey).Result() // another process may have been first
		}
	}
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return secret, nil
}

// ours tells an id of this Redis from one of another, whose shard does not exist here.
func (s *Store) ours(id tasks.ID) error {
	if id.Shard() >= s.shards {
		return tasks.ErrNotFound
	}
	return nil
}

var errAnswer = errors.New("unexpected answer of a script")
