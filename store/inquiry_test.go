package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const source, asker = "github", "worker"

// inquirer is a front end and a worker of one source.
type inquirer struct {
	t       *testing.T
	store   *store.Store
	rdb     redis.UniversalClient
	watcher *store.Watcher
}

func inquirers(t *testing.T, test func(t *testing.T, x *inquirer)) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		test(t, &inquirer{t, s, rdb, watcher(t, s)})
	})
}

type outcome struct {
	result json.RawMessage
	err    error
}

// inquire asks on the side.
func (x *inquirer) inquire(ctx context.Context, params string) <-chan outcome {
	came := make(chan outcome, 1)
	go func() {
		result, err := x.watcher.Inquire(ctx, source, "resources/read", json.RawMessage(params))
		came <- outcome{result, err}
	}()
	return came
}

func (x *inquirer) stand() (waiting int) {
	x.t.Helper()
	waiting, err := x.store.Stand(x.t.Context(), source, asker)
	if err != nil {
		x.t.Fatal(err)
	}
	return waiting
}

// pick waits for an inquiry.
func (x *inquirer) pick() *store.Inquiry {
	x.t.Helper()
	told, stop := x.watcher.Inquiries(source)
	defer stop()
	ctx := within(x.t, 20*time.Second)
	for {
		q, err := x.store.Pick(ctx, source, asker)
		if err != nil {
			x.t.Fatal(err)
		}
		if q != nil {
			return q
		}
		select {
		case <-told:
		case <-ctx.Done():
			x.t.Fatal("no inquiry came")
		}
	}
}

func (x *inquirer) reply(q *store.Inquiry, result string, failed *tasks.Error) {
	x.t.Helper()
	if err := x.store.Reply(x.t.Context(), q, asker, json.RawMessage(result), failed); err != nil {
		x.t.Fatal(err)
	}
}

// left are the keys of the source but those that say who answers for it.
func (x *inquirer) left() (keys []string) {
	x.t.Helper()
	for _, key := range x.rdb.Keys(x.t.Context(), "lh:{src:*").Val() {
		if !strings.HasSuffix(key, ":on") {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestAnInquiryIsAnswered(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		x.stand()
		came := x.inquire(ctx, `{"uri":"x://y"}`)
		q := x.pick()
		if q.Source != source || q.Method != "resources/read" || string(q.Params) != `{"uri":"x://y"}` || q.Left <= 0 || q.Left > time.Minute {
			t.Errorf("%+v", q)
		}
		x.reply(q, `{"contents":[]}`, nil)
		if o := <-came; o.err != nil || string(o.result) != `{"contents":[]}` {
			t.Errorf("%s %v", o.result, o.err)
		}
		came = x.inquire(ctx, `{}`)
		x.reply(x.pick(), "", &tasks.Error{Code: -32002, Message: "none", Data: json.RawMessage(`{"uri":"x"}`)})
		o := <-came
		if e, ok := errors.AsType[*tasks.Error](o.err); !ok || e.Code != -32002 || e.Message != "none" || string(e.Data) != `{"uri":"x"}` {
			t.Errorf("%+v", o)
		}
		came = x.inquire(ctx, `{}`)
		x.reply(x.pick(), `no JSON`, nil)
		if o := <-came; o.err == nil || !strings.Contains(o.err.Error(), "what is not JSON") {
			t.Errorf("%+v", o)
		}
	})
}

// What one answers is as long as it may be, and so is the question.
func TestInquiriesAreBounded(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, time.Minute)
		x.stand()
		long := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
		came := x.inquire(ctx, long(4<<20))
		q := x.pick()
		if !bytes.Equal(q.Params, []byte(long(4<<20))) {
			t.Error("the params are others")
		}
		x.reply(q, long(16<<20), nil)
		if o := <-came; o.err != nil || string(o.result) != long(16<<20) {
			t.Errorf("%d bytes, %v", len(o.result), o.err)
		}
		if o := <-x.inquire(ctx, long(4<<20+1)); o.err == nil || !strings.Contains(o.err.Error(), "the limit is 4194304") {
			t.Error(o.err)
		}
		came = x.inquire(ctx, `{}`)
		x.reply(x.pick(), long(16<<20+1), nil)
		if o := <-came; o.err == nil || !strings.Contains(o.err.Error(), "the limit is 16777216") {
			t.Error(o.err)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		if o := <-x.inquire(ctx, `{}`); !errors.Is(o.err, store.ErrNobody) {
			t.Errorf("no worker: %+v", o)
		}
		x.stand()
		came := x.inquire(ctx, `{}`)
		eventually(t, "it waits", func() bool { return x.stand() == 1 })
		if err := x.store.StandDown(ctx, source, asker); err != nil {
			t.Fatal(err)
		}
		if o := <-came; !errors.Is(o.err, store.ErrNobody) {
			t.Errorf("the last worker went: %+v", o)
		}
		if keys := x.left(); len(keys) > 0 {
			t.Errorf("left: %v", keys)
		}
	})
}

func TestTheWorkerThatAsksDies(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		x.stand()
		came := x.inquire(ctx, `{}`)
		q := x.pick()
		x.stand() // as another one would
		if awaited, err := x.store.Asking(ctx, q, asker); err != nil || !awaited {
			t.Fatal(awaited, err)
		}
		if n, err := x.rdb.HSet(ctx, "lh:{src:"+source+"}:q:"+q.ID, "until", 1).Result(); err != nil || n != 0 { // as time would
			t.Fatal(n, err)
		}
		if o := <-came; !errors.Is(o.err, store.ErrNoReply) {
			t.Errorf("%+v", o)
		}
		x.reply(q, `{}`, nil)
		if keys := x.left(); len(keys) > 0 {
			t.Errorf("a late answer left %v", keys)
		}
	})
}

func TestAnInquiryIsTakenBack(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		x.stand()
		for _, picked := range []bool{true, false} {
			ctx, cancel := context.WithCancel(within(t, 20*time.Second))
			came := x.inquire(ctx, `{}`)
			var q *store.Inquiry
			var told <-chan struct{}
			if picked {
				q = x.pick()
				var stop func()
				told, stop = x.watcher.Retracted(q)
				defer stop()
			} else {
				eventually(t, "it waits", func() bool { return x.stand() == 1 })
			}
			cancel()
			if o := <-came; !errors.Is(o.err, context.Canceled) {
				t.Errorf("%+v", o)
			}
			if picked {
				<-told
				if awaited, err := x.store.Asking(t.Context(), q, asker); err != nil || awaited {
					t.Error("the worker is not told", err)
				}
			}
			if keys := x.left(); len(keys) > 0 || x.stand() != 0 {
				t.Errorf("left: %v", keys)
			}
		}
	})
}

func TestTooManyInquiriesAreRefused(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		x.stand()
		waiting := make([]any, 256)
		for i := range waiting {
			waiting[i] = strconv.Itoa(i)
		}
		if err := x.rdb.RPush(ctx, "lh:{src:"+source+"}:wait", waiting...).Err(); err != nil {
			t.Fatal(err)
		}
		if o := <-x.inquire(ctx, `{}`); !errors.Is(o.err, store.ErrCrowded) {
			t.Errorf("%+v", o)
		}
		if q, err := x.store.Pick(ctx, source, asker); q != nil || err != nil {
			t.Error("picked what is not there:", q, err)
		}
		came := x.inquire(ctx, `{}`)
		x.reply(x.pick(), `{}`, nil)
		if o := <-came; o.err != nil {
			t.Error(o.err)
		}
	})
}

// Whose subscription is lost looks by itself.
func TestAnAnswerIsFoundWithoutPubSub(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		x.watcher = x.store.NewWatcher() // that nobody runs
		ctx := within(t, 20*time.Second)
		x.stand()
		came := x.inquire(ctx, `{}`)
		eventually(t, "it waits", func() bool { return x.stand() == 1 })
		x.reply(x.pick(), `{}`, nil)
		if o := <-came; o.err != nil {
			t.Error(o.err)
		}
	})
}
