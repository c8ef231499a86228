package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// contents is all of Redis: by key, or by key and field, the value as text. Times are in minutes of the model, and when a key expires is
// there as if it were a field.
type contents map[string]string

// compare: Redis holds what the model says and nothing else, clients read that, and watchers heard of it.
func (x *trial) compare(r *rapid.T) {
	if diff := difference(x.contents(), x.m.contents()); diff != "" {
		r.Fatalf("Redis differs from the model:%s", diff)
	}
	x.compareView(x.m.tasks[len(x.past)%len(x.m.tasks)])
	x.compareEvents()
}

func difference(got, want contents) (diff string) {
	both := maps.Clone(got)
	maps.Copy(both, want)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		g, found := got[name]
		w, wanted := want[name]
		switch {
		case !found:
			diff += fmt.Sprintf("\n%s is missing, want %q", name, w)
		case !wanted:
			diff += fmt.Sprintf("\n%s is %q, want nothing", name, g)
		case g != w:
			diff += fmt.Sprintf("\n%s is %q, want %q", name, g, w)
		}
	}
	return diff
}

// dump reads every key: its name, type, life left in ms, value.
var dump = redis.NewScript(`
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, value = redis.call('TYPE', key).ok
  if kind == 'string' then value = redis.call('GET', key) end
  if kind == 'hash' then value = redis.call('HGETALL', key) end
  if kind == 'list' then value = redis.call('LRANGE', key, 0, -1) end
  if kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  table.insert(all, {key, kind, redis.call('PTTL', key), value})
end
return all`)

func (x *trial) contents() contents {
	keys, err := dump.Run(x.Context(), x.rdb, nil).Slice()
	if err != nil {
		x.Fatal(err)
	}
	now := time.Now().UnixMilli()
	all := contents{}
	for _, k := range keys {
		k := k.([]any)
		key, kind, left := k[0].(string), k[1].(string), k[2].(int64)
		if left >= 0 {
			all[key+" expires"] = at(x.minute(now + left))
		}
		if kind == "string" {
			x.addString(all, key, k[3].(string))
			continue
		}
		x.addFields(all, key, kind, k[3].([]any))
	}
	return all
}

func (x *trial) addString(all contents, key, value string) {
	if key == inShard+"tick" {
		value = strings.Join(x.eachMinute(strings.Fields(value)), " ")
	}
	all[key] = value
}

func (x *trial) addFields(all contents, key, kind string, values []any) {
	if kind == "list" {
		for i, v := range values {
			seq, rest, _ := strings.Cut(v.(string), " ")
			all[fmt.Sprintf("%s event %d", key, i)] = seq + " " + strings.Fields(rest)[1]
		}
		return
	}
	for i := 0; i < len(values); i += 2 {
		field, value := values[i].(string), values[i+1].(string)
		if kind == "zset" || isTime(field) {
			value = x.inMinute(value)
		}
		if !(isRecord(key) && (isZero(value) || isFixed(field))) {
			all[key+" "+field] = value
		}
	}
}

func isTime(field string) bool {
	return slices.Contains([]string{"created", "updated", "queued", "started", "ended", "next", "lapse"}, field) || strings.HasPrefix(field, "t:")
}

// isFixed: create writes it, and no script changes it. What a claim and a client read of it is compared.
func isFixed(field string) bool {
	return slices.Contains([]string{"tool", "owner", "queue", "priority", "attempts", "rerun", "ttl", "caps", "key", "digest", "ptoken"}, field)
}

func isRecord(key string) bool {
	return strings.Count(key, ":") == 3 && strings.HasPrefix(key, recordKey(""))
}

// isZero: a record may leave out what is zero.
func isZero(value string) bool { return value == "" || value == "0" }

// inMinute is a time of Redis as contents has it. 0 is none.
func (x *trial) inMinute(ms string) string {
	f, err := strconv.ParseFloat(ms, 64)
	if err != nil || f == 0 {
		return ms
	}
	return at(x.minute(int64(f)))
}

func (x *trial) eachMinute(ms []string) []string {
	for i, v := range ms {
		ms[i] = x.inMinute(v)
	}
	return ms
}

// at writes a minute, so that it is no number.
func at(minute int) string {
	if minute == never {
		return ""
	}
	return "minute " + strconv.Itoa(minute)
}

// compareView reads a task as clients and workers do.
func (x *trial) compareView(t *twin) {
	got, err := x.s.Get(x.Context(), t.id)
	if !t.known {
		same(x, "get", 0, err, 0, tasks.ErrNotFound)
		return
	}
	if err != nil {
		x.Fatal(err)
	}
	if got, want := seen(got), t.seen(); got != want {
		x.Fatalf("a client reads of task %s:\n%s\nwant:\n%s", t.id, got, want)
	}
}

func seen(t *tasks.Task) string {
	var open []string
	for _, q := range t.Questions {
		open = append(open, q.Key)
	}
	err := ""
	if t.Error != nil {
		err = t.Error.Message
	}
	return fmt.Sprintln(t.Tool, t.Owner, t.Status, t.Phase, t.Delivery, t.Failures, t.Attempts, t.Message, t.LastErr, t.Progress.Done, t.Retention, open, string(t.Result), err, t.Seq)
}
