-- What every task script shares. It is put before each of them.
-- KEYS[1..11] are a task's keys and its shard's clocks (keys.go), ARGV[1] is its id.
-- A script decides, Go explains. Redis TIME in milliseconds is the only clock. Status names come from Go;
-- phases (queued, running, parked, delayed, ended) are the scripts' own. Every script may be replayed: what a worker or
-- client wrote is answered the second time as the first, except answer, which finds nothing open; where nothing is left to do, the
-- script says so. LIVENESS, LOOK and the other capitals that are set nowhere here are Go's (scripts.go).
local T, MSG, ERR, IN, OUT, EV, ASK, MEM, DUE, LIVE, ENDS = unpack(KEYS, 1, 11)
local ID = ARGV[1]

local function get(field) return redis.call('HGET', T, field) or '' end
local function num(field) return tonumber(redis.call('HGET', T, field) or 0) end
local function set(...) redis.call('HSET', T, ...) end
local function known() return redis.call('EXISTS', T) == 1 end
local function ended() return get('phase') == 'ended' end

local function allowed(first)
  local status = get('status')
  for i = first, #ARGV do
    if ARGV[i] == status then return true end
  end
  return false
end

-- say keeps a status message: small ones in the hash, longer ones beside it (a value over 64 bytes would unpack the hash for good).
local function say(text)
  if #text <= 64 then
    set('message', text)
    redis.call('DEL', MSG)
  else
    redis.call('HDEL', T, 'message')
    redis.call('SET', MSG, text)
  end
end

-- event numbers a change, keeps it for replay and tells whoever watches. Progress only ever replaces progress. The body of claim, ask,
-- release, reap and end is the attempt that did it, or was done with; of one that a client or the keeper ended, empty.
local function event(kind, body)
  set('updated', NOW)
  local e = redis.call('HINCRBY', T, 'seq', 1) .. ' ' .. NOW .. ' ' .. kind .. ' ' .. body
  local last = kind == 'progress' and redis.call('LINDEX', EV, -1)
  if last and string.find(last, '^%d+ %d+ progress ') then
    redis.call('LSET', EV, -1, e)
  else
    redis.call('RPUSH', EV, e)
    redis.call('LTRIM', EV, -EVENT_CAP, -1)
  end
  redis.call('PUBLISH', T, e)
end

local function claim(token, worker, liveness)
  set('token', token, 'worker', worker, 'phase', 'running', 'started', NOW)
  redis.call('ZREM', DUE, ID)
  redis.call('ZADD', LIVE, NOW + liveness, ID)
end

-- held is the fence. A current attempt that nobody holds was claimed at a master that is gone: whoever beats or ends it adopts it.
local function held(attempt, token)
  if get('attempt') ~= attempt then return false end
  local holder = get('token')
  if holder == '' and get('phase') ~= 'parked' then
    claim(token, get('worker'), LIVENESS)
    return true
  end
  return holder == token
end

-- wait has a parked task looked at when the next of its questions lapses, if any does.
local function wait()
  local at = num('lapse')
  if at > 0 then redis.call('ZADD', DUE, at, ID) else redis.call('ZREM', DUE, ID) end
end

-- requeue has a task looked at that ran before. That is soon: whoever is to enqueue it may be going, or never hear that it is to.
local function requeue() redis.call('ZADD', DUE, NOW + AGAIN, ID) end

-- raise makes the next attempt the current one. It belongs to nobody yet, and its asynq TaskID was never used.
local function raise(phase, delay)
  set('attempt', num('attempt') + 1, 'prev', get('token'), 'token', '', 'phase', phase, 'queued', NOW, 'looks', 0, 'reports', 0, 'remembered', 0)
  redis.call('ZREM', LIVE, ID)
  if phase == 'parked' then
    wait()
  elseif phase == 'delayed' then
    set('next', NOW + delay)
    redis.call('ZADD', DUE, NOW + delay, ID)
  else
    requeue()
  end
end

local function delivery() return redis.call('HMGET', T, 'attempt', 'queue', 'priority', 'limit') end

-- answered counts answers that came in: the last open question moves the status, and a parked task becomes claimable.
local function answered(n)
  redis.call('HINCRBY', T, 'answered', n)
  if redis.call('HINCRBY', T, 'open', -n) == 0 then set('status', ANSWERED) end
  local parked = get('phase') == 'parked'
  if parked then
    set('phase', 'queued', 'queued', NOW, 'looks', 0)
    say('')
    requeue()
  end
  event('answer', '')
  return parked
end

-- lapse answers the questions whose time is over as their tool declared, and notes when the next one's is ('lapse', 0 = never).
-- It returns whether there were any, and whether that woke a parked task.
local function lapse()
  local first = num('lapse')
  if first == 0 or first > NOW then return false end
  local lapsed, next = 0, 0
  local ask = redis.call('HGETALL', ASK)
  for i = 1, #ask, 2 do
    local key = string.match(ask[i], '^t:(.*)$')
    if key and redis.call('HEXISTS', ASK, 'a:' .. key) == 0 then
      local till = tonumber(ask[i + 1])
      if till <= NOW then
        lapsed = lapsed + redis.call('HSETNX', ASK, 'a:' .. key, redis.call('HGET', ASK, 'o:' .. key))
      elseif next == 0 or till < next then
        next = till
      end
    end
  end
  set('lapse', next)
  if lapsed == 0 then return false end
  return true, answered(lapsed)
end

local function idempotency()
  local key = get('key')
  return key ~= '' and (string.match(KEYS[1], '^(.-{.-}:)') .. 'idem:' .. get('owner') .. ':' .. key)
end

-- close is the terminal event: first one wins, nothing moves the task any more, and only now do its keys get an expiry.
local function close(status, text, payload, attempt)
  set('status', status, 'phase', 'ended', 'ended', NOW)
  say(text)
  if payload ~= '' then redis.call('SET', OUT, payload) end
  redis.call('ZREM', DUE, ID)
  event('end', attempt or '')
  local keep = num('ttl')
  redis.call('ZADD', ENDS, NOW + keep, ID)
  for i = 1, 8 do redis.call('PEXPIRE', KEYS[i], keep + GRACE) end
  local idem = idempotency()
  if idem and redis.call('GET', idem) == ID then redis.call('PEXPIRE', idem, keep + GRACE) end
end
