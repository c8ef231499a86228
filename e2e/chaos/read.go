package chaos

import (
	"context"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// recordPart is in the key of every record, and of what stands beside it.
const recordPart = "}:t:"

// read is everything that Redis and the ledger know.
func (s *stage) read(ctx context.Context) *History {
	h := &History{Slots: slots, Ledger: s.fleet.Ledger(), Lives: s.lives()}
	rdb := s.fleet.Redis.Client(s.t)
	keys := rdb.Scan(ctx, 0, "*", 1000).Iterator()
	seen := make(map[string]bool)
	for keys.Next(ctx) {
		if key := keys.Val(); !seen[key] {
			seen[key] = true
			ttl, err := rdb.PTTL(ctx, key).Result()
			s.check(err)
			h.Keys = append(h.Keys, Key{key, ttl >= 0})
		}
	}
	s.check(keys.Err())
	for key := range seen {
		if _, id, ok := strings.Cut(key, recordPart); ok && !strings.Contains(id, ":") && strings.HasPrefix(key, "lh:") {
			fields, err := rdb.HGetAll(ctx, key).Result()
			s.check(err)
			events, err := rdb.LRange(ctx, key+":ev", 0, -1).Result()
			s.check(err)
			questions, err := rdb.HGetAll(ctx, key+":ask").Result()
			s.check(err)
			h.Records = append(h.Records, newRecord(id, fields, events, questions))
		}
		for _, clock := range []string{"due", "live"} {
			if strings.HasPrefix(key, "lh:") && strings.HasSuffix(key, "}:"+clock) {
				ids, err := rdb.ZRange(ctx, key, 0, -1).Result()
				s.check(err)
				for _, id := range ids {
					h.Clocks = append(h.Clocks, Entry{clock, id})
				}
			}
		}
	}
	return h
}

func (s *stage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("read Redis: %v", err)
	}
}

// settled reports whether nothing moves any more: no task waits or runs, and the queue has nothing left of one that ended.
func (h *History) settled() bool {
	for _, r := range h.Records {
		if !r.Ended() {
			return false
		}
	}
	var left verdict
	keysExpire(h, &left)
	return len(h.Clocks) == 0 && len(left.broken) == 0
}

// settle waits until everything has ended, tends the programs meanwhile, and returns what is there then.
func (d *driver) settle(patience time.Duration, known func(id string) bool) *History {
	door := rig.NewClient(d.t, d.parts[0].url)
	for end := time.Now().Add(patience); ; {
		h := d.read(d.t.Context())
		if h.settled() || time.Now().After(end) {
			return h
		}
		for _, r := range h.Records {
			if r.Status == "input_required" && !known(r.ID) { // its creator was never told of it, so nobody will answer
				_ = within(d.t.Context(), func(ctx context.Context) error { return door.TryCancel(ctx, r.ID) })
			}
		}
		d.watch()
		rig.After(d.t, time.Second)
	}
}

func newRecord(id string, fields map[string]string, events []string, questions map[string]string) *Record {
	r := &Record{
		ID: id, Tool: fields["tool"], Status: fields["status"], Phase: fields["phase"], Key: fields["key"],
		Attempt: number(fields["attempt"]), Answers: make(map[string]string),
	}
	for _, e := range events {
		r.Events = append(r.Events, parseEvent(e))
	}
	for _, q := range image.Questions {
		if a, ok := questions["a:"+q]; ok {
			r.Answers[q] = answerText(a)
		}
	}
	return r
}
