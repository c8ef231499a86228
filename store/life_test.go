package store_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestATaskLivesFromCreateToItsResult(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s)
		if got := get(t, s, task.ID); got.Status != tasks.Working || got.Phase != tasks.Queued || !got.Created.Equal(task.Created) || got.Message != task.Message {
			t.Fatalf("after create: %+v", got)
		}
		c := claim(t, s, task.Delivery, "a")
		if c.Tool != "crawl" || string(c.Arguments) != `{"url":"/"}` || !c.Capabilities.Has(tasks.CanFillForms) {
			t.Fatalf("claimed %+v", c)
		}
		p, err := s.Report(t.Context(), c.Lease, 1, &tasks.Progress{Done: 420, Total: 1000, Message: "crawling /docs", ETA: 3 * time.Minute}, nil)
		if err != nil || p.Ended {
			t.Fatal(p, err)
		}
		if got, want := get(t, s, task.ID).StatusMessage(), "42% · 420 of 1000 · crawling /docs · about 3 min left"; got != want {
			t.Errorf("status message %q, want %q", got, want)
		}
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{"content":[]}`)}); err != nil {
			t.Fatal(err)
		}
		got := get(t, s, task.ID)
		if got.Status != tasks.Completed || string(got.Result) != `{"content":[]}` {
			t.Errorf("after finish: %+v", got)
		}
		if ttl, ok := got.TTL(); !ok || ttl < 24*time.Hour {
			t.Errorf("ttl %s %t: at least the retention, from creation", ttl, ok)
		}
	})
}

func TestAnAttemptIsClaimedOnceByItsToken(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s)
		claim(t, s, task.Delivery, "a")
		claim(t, s, task.Delivery, "a") // the reply was lost, the script was sent again
		if _, err := s.Claim(t.Context(), lease(task.Delivery, "b"), "other"); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("a second worker's claim: %v, want ErrLost", err)
		}
		stale := lease(task.Delivery, "a")
		next, err := s.Release(t.Context(), stale, store.Release{Phase: tasks.Queued})
		if err != nil || next.Attempt != 2 {
			t.Fatal(next, err)
		}
		if again, err := s.Release(t.Context(), stale, store.Release{Phase: tasks.Queued}); err != nil || again != next {
			t.Errorf("the same release again: %v %v, want %v", again, err, next)
		}
		if _, err := s.Claim(t.Context(), stale, "worker"); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("claim of a stale attempt: %v, want ErrLost", err)
		}
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, stale, store.Outcome{}); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("finish of a stale attempt: %v, want ErrLost", err)
		}
		if _, err := s.Beat(t.Context(), stale); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("beat of a stale attempt: %v, want ErrLost", err)
		}
	})
}

// A promoted replica may have missed the claim: then nobody holds the current attempt, and whoever runs it takes it back.
func TestABeatAdoptsACurrentButUnclaimedAttempt(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		if _, err := s.Beat(t.Context(), lease(task.Delivery, "a")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(t.Context(), lease(task.Delivery, "b"), "other"); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("claim of an adopted attempt: %v, want ErrLost", err)
		}
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, lease(task.Delivery, "b"), store.Outcome{}); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("finish by another: %v, want ErrLost", err)
		}
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, lease(task.Delivery, "a"), store.Outcome{}); err != nil {
			t.Error(err)
		}
	})
}

func TestTheFirstTerminalEventWins(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		if err := s.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Beat(t.Context(), c.Lease); err != nil || !p.Ended {
			t.Errorf("beat after cancel: %+v %v, want Ended", p, err)
		}
		live := "lh:{" + string(task.ID)[37:] + "}:live"
		if n := rdb.ZCard(t.Context(), live).Val(); n != 1 {
			t.Errorf("%d in live while the tool has not returned, want 1", n)
		}
		var se *tasks.StateError
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); !errors.As(err, &se) || se.Status != tasks.Cancelled {
			t.Errorf("finish after cancel: %v, want a StateError of cancelled", err)
		}
		if err := s.Leave(t.Context(), c.Lease); err != nil {
			t.Fatal(err)
		}
		if n := rdb.ZCard(t.Context(), live).Val(); n != 0 {
			t.Errorf("%d in live after leave, want 0", n)
		}
		if err := s.Cancel(t.Context(), task.ID); err != nil {
			t.Errorf("cancel again: %v", err)
		}
		if got := get(t, s, task.ID); got.Status != tasks.Cancelled || got.Result != nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestQuestionsAreAskedAndAnsweredOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		ask := func(key, text string) (json.RawMessage, error) {
			a, err := s.Question(t.Context(), c.Lease, tasks.Question{Key: key, Request: tasks.FormSchema(text, map[string]any{"type": "object"})}, true)
			return a.Answer, err
		}
		for _, key := range []string{"one", "two", "one"} {
			if a, err := ask(key, "sure?"); a != nil || err != nil {
				t.Fatal(string(a), err)
			}
		}
		if _, err := ask("one", "really?"); !errors.Is(err, tasks.ErrKeyReused) {
			t.Errorf("another question under the same key: %v", err)
		}
		if got := get(t, s, task.ID); got.Status != tasks.InputRequired || len(got.Questions) != 2 {
			t.Fatalf("%+v", got)
		}
		answer := func(key, v string) {
			t.Helper()
			if next, err := s.Answer(t.Context(), task.ID, map[string]json.RawMessage{key: json.RawMessage(v), "unknown": json.RawMessage("1")}); err != nil || next != nil {
				t.Fatal(next, err)
			}
		}
		answer("one", `{"action":"accept"}`)
		answer("one", `{"action":"decline"}`)
		if got := get(t, s, task.ID); got.Status != tasks.InputRequired || len(got.Questions) != 1 || got.Questions[0].Key != "two" {
			t.Fatalf("after a partial answer: %+v", got)
		}
		answer("two", `{"action":"accept"}`)
		if got := get(t, s, task.ID); got.Status != tasks.Working || len(got.Questions) != 0 {
			t.Fatalf("after the last answer: %+v", got)
		}
		if a, err := ask("one", "sure?"); string(a) != `{"action":"accept"}` || err != nil {
			t.Errorf("the recorded answer: %s %v, want the first one", a, err)
		}
	})
}

func TestAParkedTaskResumesWithItsAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		q := tasks.Question{Key: "k", Request: tasks.FormSchema("?", map[string]any{"type": "object"})}
		if _, err := s.Question(t.Context(), c.Lease, q, true); err != nil {
			t.Fatal(err)
		}
		parked, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked, Message: "waiting for an answer"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Beat(t.Context(), c.Lease); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("a late beat of the parked attempt: %v, want ErrLost", err)
		}
		if _, err := s.Claim(t.Context(), lease(parked, "b"), "w"); !errors.Is(err, tasks.ErrLost) {
			t.Errorf("claim of a parked task: %v, want ErrLost", err)
		}
		next, err := s.Answer(t.Context(), task.ID, map[string]json.RawMessage{"k": json.RawMessage(`{"action":"accept"}`)})
		if err != nil || next == nil || *next != parked {
			t.Fatalf("answer: next %v, %v, want %v", next, err, parked)
		}
		c = claim(t, s, *next, "b")
		if a, err := s.Question(t.Context(), c.Lease, q, true); string(a.Answer) != `{"action":"accept"}` || err != nil {
			t.Errorf("asked again: %s %v", a.Answer, err)
		}
		if _, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked}); !errors.Is(err, store.ErrAnswered) {
			t.Errorf("parking with an answer that was not seen: %v, want ErrAnswered", err)
		}
	})
}

func TestAnIdempotencyKeyStandsForOneCall(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		keyed := func(args string) (*tasks.Task, bool, error) {
			return s.Create(t.Context(), store.NewTask{
				ID: s.NewID(tasks.Local, "order {7}"), Tool: "crawl", Owner: tasks.Local, Arguments: []byte(args), Key: "order {7}",
				Policy: tasks.Policy{}.WithDefaults("default"),
			})
		}
		first, created, err := keyed(`{"a":1}`)
		if err != nil || !created {
			t.Fatal(created, err)
		}
		again, created, err := keyed(`{"a":1}`)
		if err != nil || created || again.ID != first.ID {
			t.Errorf("repeat: %v %t %v, want %s", again, created, err, first.ID)
		}
		if _, _, err := keyed(`{"a":2}`); !errors.Is(err, tasks.ErrKeyReused) {
			t.Errorf("other arguments: %v, want ErrKeyReused", err)
		}
	})
}

func TestCallsShareATaskByTheirArguments(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		policy := tasks.Policy{Dedupe: tasks.ByArguments, Window: time.Hour}.WithDefaults("default")
		call := func(args string) *tasks.Task {
			t.Helper()
			n := store.NewTask{Tool: "crawl", Owner: tasks.Local, Arguments: []byte(args), Policy: policy}
			n.ID = s.NewID(n.Owner, n.Repeats())
			task, _, err := s.Create(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			return task
		}
		end := func(task *tasks.Task, clean bool) {
			t.Helper()
			c := claim(t, s, task.Delivery, "a")
			if err := s.Apply(t.Context(), task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`), Clean: clean}); err != nil {
				t.Fatal(err)
			}
		}
		failed := call(`{"a":1}`)
		if call(`{"a":1}`).ID != failed.ID || call(`{"a":2}`).ID == failed.ID {
			t.Error("an open task serves the same arguments, and no others")
		}
		end(failed, false)
		good := call(`{"a":1}`)
		if good.ID == failed.ID {
			t.Error("a task that ended in an error serves a repeat")
		}
		end(good, true)
		if call(`{"a":1}`).ID != good.ID {
			t.Error("within the window a completed task serves no repeat")
		}
		rdb.HIncrBy(t.Context(), shard(good.ID, "t:"+string(good.ID)), "ended", -2*time.Hour.Milliseconds())
		if call(`{"a":1}`).ID == good.ID {
			t.Error("after the window it still does")
		}
	})
}

// Nor within the millisecond in which it ended, nor when the clock of Redis went back since.
func TestWithoutAWindowATaskThatEndedServesNoRepeat(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		call := func() *tasks.Task {
			n := store.NewTask{Tool: "crawl", Owner: tasks.Local, Policy: tasks.Policy{Dedupe: tasks.ByArguments}.WithDefaults("default")}
			n.ID = s.NewID(n.Owner, n.Repeats())
			task, _, err := s.Create(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			return task
		}
		first := call()
		c := claim(t, s, first.Delivery, "a")
		if err := s.Apply(t.Context(), first.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`), Clean: true}); err != nil {
			t.Fatal(err)
		}
		rdb.HIncrBy(t.Context(), shard(first.ID, "t:"+string(first.ID)), "ended", time.Minute.Milliseconds())
		if call().ID == first.ID {
			t.Error("it does")
		}
	})
}

func TestAScheduledTaskWaitsForItsTime(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		start := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		task := create(t, s, func(n *store.NewTask) { n.Start = start })
		if task.Phase != tasks.Delayed || get(t, s, task.ID).Phase != tasks.Delayed {
			t.Errorf("phase %s, want delayed", task.Phase)
		}
		if due := int64(rdb.ZScore(t.Context(), shard(task.ID, "due"), string(task.ID)).Val()); due != start.UnixMilli() {
			t.Errorf("due at %d, want %d", due, start.UnixMilli())
		}
		if m, err := s.Look(t.Context(), task.ID); err != nil || m.Next != nil {
			t.Errorf("%+v %v before its time", m, err)
		}
		overdue(t, rdb, task.ID, "due")
		if m, err := s.Look(t.Context(), task.ID); err != nil || m.Next == nil {
			t.Errorf("%+v %v when its time has come", m, err)
		}
		if past := create(t, s, func(n *store.NewTask) { n.Start = time.Now().Add(-time.Hour) }); past.Phase != tasks.Queued {
			t.Errorf("phase %s of one whose time is past, want queued", past.Phase)
		}
	})
}

// Whoever reads the events afterwards can tell which attempt wrote what.
func TestEventsNameTheirAttempt(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		first := claim(t, s, task.Delivery, "a")
		if _, err := s.Question(t.Context(), first.Lease, tasks.Question{Key: "k", Request: tasks.Form[struct{}]("?")}, true); err != nil {
			t.Fatal(err)
		}
		next, err := s.Release(t.Context(), first.Lease, store.Release{Phase: tasks.Queued})
		if err != nil {
			t.Fatal(err)
		}
		claim(t, s, next, "b")
		tick(t, s)
		overdue(t, rdb, task.ID, "live")
		lost, err := s.Reap(t.Context(), task.ID)
		if err != nil || lost.Next == nil {
			t.Fatal(lost, err)
		}
		third := claim(t, s, *lost.Next, "c")
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, third.Lease, store.Outcome{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range rdb.LRange(t.Context(), shard(task.ID, "t:"+string(task.ID)+":ev"), 0, -1).Val() {
			got = append(got, strings.Join(strings.Split(e, " ")[2:], " "))
		}
		if want := []string{"claim 1", "ask 1", "release 1", "claim 2", "reap 2", "claim 3", "end 3"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestThePeakOutlivesAnAttemptThatStartsAgain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s, func(n *store.NewTask) { n.Token = []byte(`"p"`) })
		c := claim(t, s, task.Delivery, "a")
		for i, done := range []float64{1.5, 60, 10} {
			if _, err := s.Report(t.Context(), c.Lease, i+1, &tasks.Progress{Done: done, Total: 100}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(t, s, task.ID); got.Peak != 60 || got.Progress.Done != 10 || string(got.Token) != `"p"` {
			t.Errorf("got peak %v, %+v, token %s", got.Peak, got.Progress, got.Token)
		}
	})
}
