package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func endless(key string) tasks.Question {
	return tasks.Question{Key: key, Request: tasks.FormSchema("sure?", map[string]any{"type": "object"})}
}

// limited is a question with a limit; no is the answer that counts after it.
func limited(key string) tasks.Question {
	q := endless(key)
	q.Request = q.Request.Within(time.Hour)
	return q
}

const no = `{"action":"accept","content":{"sure":false}}`

// pass lets the time of a question be over.
func pass(t testing.TB, rdb redis.UniversalClient, id tasks.ID, key string) {
	t.Helper()
	record := shard(id, "t:"+string(id))
	rdb.HSet(t.Context(), record+":ask", "t:"+key, 1)
	rdb.HSet(t.Context(), record, "lapse", 1)
	if err := rdb.ZAddXX(t.Context(), shard(id, "due"), redis.Z{Score: 1, Member: string(id)}).Err(); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, s *store.Store, l store.Lease, q tasks.Question) store.Asked {
	t.Helper()
	asked, err := s.Question(t.Context(), l, q, true)
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

func TestAnAnswerThatNobodyGaveInTimeIsTheDeclaredOne(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		declared, silent := limited("declared"), limited("silent")
		declared.Request = declared.Request.Otherwise(map[string]bool{"sure": false})
		for _, q := range []tasks.Question{declared, silent, endless("patient")} {
			ask(t, s, c.Lease, q)
		}
		if a := ask(t, s, c.Lease, silent); a.Answer != nil || a.Left < time.Hour-time.Minute || a.Left > time.Hour {
			t.Fatalf("before its time is over: %+v, want about an hour left", a)
		}
		pass(t, rdb, task.ID, "declared")
		if a := ask(t, s, c.Lease, declared); string(a.Answer) != no {
			t.Errorf("declared: %+v, want %s", a, no)
		}
		if a := ask(t, s, c.Lease, silent); a.Answer != nil || a.Lapsed || a.Left == 0 {
			t.Errorf("another question's time is not over: %+v", a)
		}
		pass(t, rdb, task.ID, "silent")
		if next, err := s.Answer(t.Context(), task.ID, map[string]json.RawMessage{"silent": json.RawMessage(`1`), "patient": json.RawMessage(`2`)}); err != nil || next != nil {
			t.Fatal(next, err)
		}
		if a := ask(t, s, c.Lease, silent); a.Answer != nil || !a.Lapsed {
			t.Errorf("an answer after its time: %+v, want that none came", a)
		}
		if a := ask(t, s, c.Lease, endless("patient")); string(a.Answer) != "2" {
			t.Errorf("a question without a limit: %+v", a)
		}
		if got := get(t, s, task.ID); got.Status != tasks.Working {
			t.Errorf("status %s with no open question", got.Status)
		}
		if p, err := s.Beat(t.Context(), c.Lease); err != nil || p.Answered != 3 {
			t.Errorf("%d answers, %v, want 3", p.Answered, err)
		}
	})
}

func TestAParkedTaskResumesWhenItsQuestionLapses(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		ask(t, s, c.Lease, limited("soon"))
		ask(t, s, c.Lease, limited("later"))
		parked, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked})
		if err != nil {
			t.Fatal(err)
		}
		look := func() *tasks.Delivery {
			t.Helper()
			overdue(t, rdb, task.ID, "due")
			moved, err := s.Look(t.Context(), task.ID)
			if err != nil {
				t.Fatal(err)
			}
			return moved.Next
		}
		if next := look(); next != nil {
			t.Fatalf("looked at too early: resumes %v", next)
		}
		if at := rdb.ZScore(t.Context(), shard(task.ID, "due"), string(task.ID)).Val(); at < float64(time.Now().Add(59*time.Minute).UnixMilli()) {
			t.Fatalf("the next look is at %f: not when the question lapses", at)
		}
		pass(t, rdb, task.ID, "soon")
		if next := look(); next == nil || *next != parked {
			t.Fatalf("resumes %v, want %v", next, parked)
		}
		if got := get(t, s, task.ID); got.Status != tasks.InputRequired || len(got.Questions) != 1 || got.Questions[0].Key != "later" {
			t.Fatalf("%+v, want one question open still", got)
		}
		c = claim(t, s, parked, "b")
		if a := ask(t, s, c.Lease, limited("soon")); !a.Lapsed {
			t.Errorf("soon: %+v", a)
		}
		if _, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked}); !errors.Is(err, store.ErrAnswered) {
			t.Fatalf("parking unaware of what lapsed: %v, want ErrAnswered", err)
		}
		again, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked, Answered: 1})
		if err != nil {
			t.Fatal(err)
		}
		pass(t, rdb, task.ID, "later")
		next, err := s.Answer(t.Context(), task.ID, map[string]json.RawMessage{"later": json.RawMessage(`1`)})
		if err != nil || next == nil || *next != again {
			t.Fatalf("a late answer resumes %v, %v, want %v", next, err, again)
		}
		if c = claim(t, s, *next, "c"); !ask(t, s, c.Lease, limited("later")).Lapsed {
			t.Error("the late answer was taken")
		}
	})
}

func TestALimitThatPassesBeforeParkingIsNotMissed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		ask(t, s, c.Lease, limited("k"))
		pass(t, rdb, task.ID, "k")
		if _, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked}); !errors.Is(err, store.ErrAnswered) {
			t.Errorf("%v, want ErrAnswered", err)
		}
	})
}
