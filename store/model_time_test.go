package store_test

import (
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// real is the middle of a minute as Redis has it, minute the other way: half a minute more or less does not matter.
func (x *trial) real(minute int) int64 { return x.begin + minutes(minute).Milliseconds() - x.passed }

func (x *trial) minute(ms int64) int {
	return inMinutes(time.Duration(ms-x.begin+x.passed)*time.Millisecond + time.Minute/2)
}

// age moves every time in Redis back: so much has passed. The tick is the caller's.
var age = redis.NewScript(`
local times = {created = 1, updated = 1, queued = 1, started = 1, ended = 1, next = 1, lapse = 1}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, ttl = redis.call('TYPE', key).ok, redis.call('PTTL', key)
  if kind == 'zset' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ARGV[1], id) end
  elseif kind == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if (times[field] or string.find(field, '^t:')) and tonumber(redis.call('HGET', key, field)) > 0 then
        redis.call('HINCRBY', key, field, -ARGV[1])
      end
    end
  end
  if ttl >= 0 then redis.call('PEXPIRE', key, ttl - ARGV[1]) end
end
return 1`)

// pass lets time pass, mostly while a keeper looks after the shard. The millisecond puts it after whatever was to last so long.
func (x *trial) pass(r *rapid.T) {
	n := rapid.SampledFrom([]int{2, 4, 1, 5, 10, 20, 30, 2 * hour, 20 * hour}).Draw(r, "minutes")
	ms := minutes(n).Milliseconds() + 1
	x.m.pass(n)
	x.passed += ms
	if err := age.Run(r.Context(), x.rdb, nil, ms).Err(); err != nil {
		r.Fatal(err)
	}
	if rapid.IntRange(0, 3).Draw(r, "keeper") > 0 {
		x.m.tick = x.m.now
	}
	x.setTick()
}

// jump sets the clock of Redis back: the last tick is to come.
func (x *trial) jump(r *rapid.T) {
	if rapid.IntRange(0, 4).Draw(r, "rarely") > 0 {
		r.Skip("not now")
	}
	x.m.tick = x.m.now + 2
	x.setTick()
}

func (x *trial) setTick() {
	if x.m.tick == never {
		return
	}
	paused := int64(0)
	if x.m.paused > 0 {
		paused = x.real(x.m.paused)
	}
	x.rdb.Set(x.Context(), inShard+"tick", strconv.FormatInt(x.real(x.m.tick), 10)+" "+strconv.FormatInt(paused, 10), 0)
}

// failOver promotes a replica that had not heard of a claim.
func (x *trial) failOver(r *rapid.T) {
	t := x.task(r)
	if !t.known || t.phase != tasks.Running {
		r.Skip("nothing is claimed")
	}
	x.rdb.HSet(r.Context(), recordKey(t.id), "token", "", "phase", "queued")
	x.rdb.ZRem(r.Context(), inShard+"live", string(t.id))
	x.rdb.ZAdd(r.Context(), inShard+"due", redis.Z{Score: float64(x.real(x.m.now + look)), Member: string(t.id)})
	t.holder, t.phase = "", tasks.Queued
	t.due[t.id] = t.now + look
	delete(t.live, t.id)
}

// fill brings a task to a limit: it may remember a few bytes more, ask one question, or crash once.
func (x *trial) fill(r *rapid.T) {
	t := x.task(r)
	if !t.known {
		r.Skip("nothing to fill")
	}
	field := rapid.SampledFrom([]string{"memoryBytes", "asked", "crashes"}).Draw(r, "field")
	limits := map[string]*int{"memoryBytes": &t.size, "asked": &t.asked, "crashes": &t.crashes}
	*limits[field] = map[string]int{"memoryBytes": mostMemory - 15, "asked": mostQuestions - 1, "crashes": crashesAllow - 1}[field]
	x.rdb.HSet(r.Context(), recordKey(t.id), field, *limits[field])
}
