package store_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestARedisThatCannotServeIsTold(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	rdb := server.Client(t)
	s := open(t, rdb, store.Options{})
	n := store.NewTask{ID: s.NewID(tasks.Local, ""), Tool: "t", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("q")}
	told := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, _, err := s.Create(ctx, n); !store.Unavailable(err) {
			t.Errorf("%s: %v is not told as unavailable", what, err)
		}
	}
	set := func(args ...any) {
		t.Helper()
		if err := rdb.Do(t.Context(), append([]any{"CONFIG", "SET"}, args...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("maxmemory", "1")
	told("full")
	set("maxmemory", "0")
	if err := rdb.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	told("a replica")
	if err := rdb.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	told("frozen")
	server.Thaw()
	server.Kill()
	told("gone")
}

// answer is an error that Redis sent.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestWhatKeepsRedisFromServing(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		answer("LOADING Redis is loading the dataset in memory"):                                                                                    "is still reading its files",
		answer("READONLY You can't write against a read only replica."):                                                                             "is failing over",
		answer("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."):                                                  "is failing over",
		answer("CLUSTERDOWN Hash slot not served"):                                                                                                  "is a cluster with a part missing",
		answer("MOVED 3999 127.0.0.1:6381"):                                                                                                         "is moving its data",
		answer("TRYAGAIN Multiple keys request during rehashing of slot"):                                                                           "is moving its data",
		answer("NOREPLICAS Not enough good replicas to write."):                                                                                     "has no replica that confirms what is written",
		answer("OOM command not allowed when used memory > 'maxmemory'. script: d0c, on @user_script:107."):                                         "is full",
		answer("ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'."): "is full",
		answer("ERR Error running script (call to f_1): @user_script:7: @user_script: 7: -READONLY You can't write against a read only replica."):   "is failing over",
		answer("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."):                                  "cannot write to its disk",
		answer("BUSY Redis is busy running a script."):                                                                                              "is busy",
		answer("NOAUTH Authentication required."):                                                                                                   "does not accept this process's password or user",
		answer("WRONGPASS invalid username-password pair or user is disabled."):                                                                     "does not accept this process's password or user",
		answer("NOPERM User front has no permissions to run the 'evalsha' command"):                                                                 "does not accept this process's password or user",
		answer("ERR Protocol error: unauthenticated multibulk length"):                                                                              "does not accept this process's password or user",
		answer("ERR max number of clients reached"):                                                                                                 "has too many clients",
		fmt.Errorf("create task: %w", store.ErrNotReplicated):                                                                                       "has no replica that confirms what is written",
		fmt.Errorf("x: %w", context.DeadlineExceeded):                                                                                               "does not answer",
		&net.OpError{Op: "dial", Err: errors.New("connection refused")}:                                                                             "does not answer",
		fmt.Errorf("redis: all sentinels are unreachable: %w", errors.Join(&net.OpError{Op: "dial"})):                                               "does not answer",
		&tls.CertificateVerificationError{Err: errors.New("x509: certificate has expired")}:                                                         "does not answer",
		io.EOF:                        "does not answer",
		redis.ErrClosed:               "does not answer",
		redis.ErrPoolTimeout:          "does not answer",
		tasks.ErrNotFound:             "",
		tasks.ErrLost:                 "",
		&tasks.StateError{}:           "",
		errors.New("OOM"):             "",
		answer("ERR unknown command"): "",
		answer("ERR Error running script: attempt to index a nil value"):            "",
		answer("WRONGTYPE Operation against a key holding the wrong kind of value"): "",
		fmt.Errorf("x: %w", context.Canceled):                                       "",
	} {
		if got := store.Plight(err); got != want || store.Unavailable(err) != (want != "") {
			t.Errorf("%v: told as %q, want %q", err, got, want)
		}
	}
	if store.Unavailable(nil) {
		t.Error("no error is told as one")
	}
}
