package store

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// record is a task's hash as Redis holds it.
type record map[string]string

func (r record) int(field string) int {
	n, _ := strconv.Atoi(r[field]) // absent is zero
	return n
}

func (r record) float(field string) float64 {
	f, _ := strconv.ParseFloat(r[field], 64)
	return f
}

func (r record) time(field string) time.Time {
	if r[field] == "" {
		return time.Time{}
	}
	return time.UnixMilli(int64(r.int(field))).UTC()
}

func (r record) duration(field string) time.Duration {
	return time.Duration(r.int(field)) * time.Millisecond
}

func pairs(flat []any) record {
	r := make(record, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		r[text(flat[i])] = text(flat[i+1])
	}
	return r
}

func (r record) delivery(id tasks.ID) tasks.Delivery {
	return tasks.Delivery{Task: id, Attempt: r.int("attempt"), Queue: r["queue"], Priority: tasks.Priority(r["priority"]), Limit: r["limit"]}
}

// beside is what a task keeps next to its hash.
type beside struct {
	message, lastErr, out string
	questions             map[string]string
}

func (r record) task(id tasks.ID, b beside) (*tasks.Task, error) {
	t := &tasks.Task{
		ID:        id,
		Tool:      r["tool"],
		Owner:     tasks.Owner(r["owner"]),
		Status:    tasks.Status(r["status"]),
		Phase:     tasks.Phase(r["phase"]),
		Delivery:  r.delivery(id),
		Failures:  r.int("failures"),
		Attempts:  r.int("attempts"),
		Message:   r["message"],
		Progress:  tasks.Progress{Done: r.float("progress"), Total: r.float("total"), ETA: r.duration("eta")},
		Peak:      r.float("peak"),
		Clean:     r["clean"] == "1",
		Kept:      r["kept"] == "1",
		LastErr:   b.lastErr,
		Created:   r.time("created"),
		Updated:   r.time("updated"),
		Ended:     r.time("ended"),
		Retention: r.duration("ttl"),
		Seq:       int64(r.int("seq")),
	}
	if r["ptoken"] != "" {
		t.Token = json.RawMessage(r["ptoken"])
	}
	if t.Phase == tasks.Delayed {
		t.Next = r.time("next")
	}
	if b.message != "" {
		t.Message = b.message
	}
	if t.Phase != tasks.Running || t.Status == tasks.InputRequired {
		t.Progress.ETA = 0 // it was the estimate of an attempt that worked
	}
	if t.Phase == tasks.Running {
		t.Progress.Message = t.Message
	}
	if t.Status == tasks.InputRequired {
		t.Questions = openQuestions(b.questions)
	}
	return t, r.outcome(t, b.out)
}

func (r record) outcome(t *tasks.Task, stored string) error {
	if stored == "" {
		return nil
	}
	doc, err := unpack(stored)
	if err != nil {
		return err
	}
	switch t.Status {
	case tasks.Completed:
		t.Result = doc
	case tasks.Failed:
		t.Error = new(tasks.Error)
		return json.Unmarshal(doc, t.Error)
	}
	return nil
}

// openQuestions are those without an answer, in a fixed order.
func openQuestions(ask map[string]string) []tasks.Question {
	var list []tasks.Question
	for field, v := range ask {
		key, ok := strings.CutPrefix(field, "r:")
		if !ok {
			continue
		}
		if _, answered := ask["a:"+key]; answered {
			continue
		}
		q := tasks.Question{Key: key}
		if json.Unmarshal([]byte(v), &q.Request) == nil { // we wrote it
			list = append(list, q)
		}
	}
	slices.SortFunc(list, func(a, b tasks.Question) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
