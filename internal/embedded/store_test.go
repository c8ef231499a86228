package embedded_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/internal/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*embedded.Store, *redis.Client) {
	t.Helper()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	opts, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return s, c
}

func TestStoreKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(t.Context(), "k").Val(); got != "v" {
		t.Errorf("k is %q, want v", got)
	}
}

func TestStoreRefusesClientsWithoutThePassword(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, password := range []string{"", "guess"} {
		c := redis.NewClient(&redis.Options{Addr: s.Addr(), Password: password})
		if err := c.Set(t.Context(), "k", "v", 0).Err(); err == nil {
			t.Errorf("password %q was accepted", password)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestKeysExpireInRealTime(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	began := time.Now()
	if err := c.Set(t.Context(), "k", "v", 1500*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for c.Exists(t.Context(), "k").Val() == 1 {
		select {
		case <-poll.C:
		case <-deadline.C:
			t.Fatal("the key never expired")
		}
	}
	if lived := time.Since(began); lived < time.Second {
		t.Errorf("the key lived for %s, want about 1.5 s", lived)
	}
}

func TestClockOfScriptsIsTheWallClock(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	before := time.Now().Truncate(time.Microsecond)
	now, err := c.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	if now.Before(before) || now.After(time.Now()) {
		t.Errorf("TIME says %s, want between %s and now", now, before)
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	s.Close()
	s.Close()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a closed store answered")
	}
}
