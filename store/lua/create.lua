-- create writes a task, unless its id is there already, or its key stands for a task that serves this call too.
-- KEYS[12] the key that repeats of the call share, if any
-- ARGV[2] arguments  ARGV[3] lifetime  ARGV[4] status message  ARGV[5] when to start, 0 = now
-- ARGV[6] for how long a task that completed without error still serves repeats; -1: however it ended, as long as it is known
-- ARGV[7] the call, if it waits for the task and its end would mean stop; '' = none
-- ARGV[8] n: so many fields and values follow, then questions that were answered beforehand: key, digest, request, answer
-- returns {1, now, phase} created, now or by an earlier run | {0, id} the key's task | {-1, id} the key stands for another call
local n = tonumber(ARGV[8])
local window = tonumber(ARGV[6])

local function field(name)
  for i = 9, 8 + n, 2 do
    if ARGV[i] == name then return ARGV[i + 1] end
  end
end

-- serves: does the task of an earlier call serve this one?
local function serves(record)
  if redis.call('EXISTS', record) == 0 then return false end
  if window < 0 or redis.call('HGET', record, 'phase') ~= 'ended' then return true end
  local ended = tonumber(redis.call('HGET', record, 'ended'))
  return redis.call('HGET', record, 'clean') == '1' and window > 0 and NOW - ended <= window
end

-- attach notes the call with the task that it waits for. More calls than a record should hold keep the task for good.
local function attach(record)
  if ARGV[7] == '' then
    redis.call('HSET', record, 'kept', 1)
  elseif redis.call('HLEN', record) < 100 then
    redis.call('HSET', record, 'h:' .. ARGV[7], 1)
  else
    redis.call('HSET', record, 'kept', 1)
  end
end

if known() then return {1, num('created'), get('phase')} end
if KEYS[12] then
  local other = redis.call('GET', KEYS[12])
  local record = other and string.sub(T, 1, #T - #ID) .. other
  if record and serves(record) then
    if redis.call('HGET', record, 'digest') ~= field('digest') then return {-1, other} end
    if redis.call('HGET', record, 'phase') ~= 'ended' then attach(record) end
    return {0, other}
  end
  redis.call('SET', KEYS[12], ID)
end
local start = tonumber(ARGV[5])
local phase = start > NOW and 'delayed' or 'queued'
redis.call('HSET', T, unpack(ARGV, 9, 8 + n))
attach(T)
set('phase', phase, 'attempt', 1, 'token', '', 'created', NOW, 'updated', NOW, 'queued', NOW, 'seq', 0)
if phase == 'delayed' then set('next', start) end
say(ARGV[4])
redis.call('SET', IN, ARGV[2])
for i = 9 + n, #ARGV, 4 do
  redis.call('HSET', ASK, 'd:' .. ARGV[i], ARGV[i + 1], 'r:' .. ARGV[i], ARGV[i + 2], 'a:' .. ARGV[i], ARGV[i + 3])
end
redis.call('ZADD', DUE, phase == 'delayed' and start or NOW + LOOK, ID)
redis.call('ZADD', ENDS, NOW + tonumber(ARGV[3]), ID)
return {1, NOW, phase}
