-- What the scripts of limits share. It is put before each of them. All limits are under one tag, since a task of any shard may need a permit.
-- KEYS[1..4] are the limits, and of one of them its permits, its starts and who waits (keys.go), ARGV[1] is its name.
-- A holder is a task by its id, or, as <id>#<attempt>, an attempt whose tool goes on though its task does not need it any more. The score of
-- a permit is when it was last seen that its holder needs it.
local LIMITS, PERMITS, STARTS, WAITING = unpack(KEYS, 1, 4)
local BATCH = 100 -- most that one script lets in

-- When who was let in started, as long as it has not: so it counts until then, and for WINDOW after it. Round numbers would be written as 9e+12.
local NEVER = 8888888888888

local limit = redis.call('HGET', LIMITS, ARGV[1])
if not limit then -- Redis lost it: whoever serves the tool says it again
  limit = '0 0 0 0'
  redis.call('HSET', LIMITS, ARGV[1], limit)
end
-- so many at once, so many starts within so many ms; 0 = no limit
local MOST, NUMBER, WINDOW = string.match(limit, '^%d+ (%d+) (%d+) (%d+)$')
MOST, NUMBER, WINDOW = tonumber(MOST), tonumber(NUMBER), tonumber(WINDOW)
redis.call('ZREMRANGEBYSCORE', STARTS, '-inf', '(' .. (NOW - WINDOW))

local function since(holder) return redis.call('ZSCORE', PERMITS, holder) end
local function place() return MOST == 0 or redis.call('ZCARD', PERMITS) < MOST end
local function start() return NUMBER == 0 or redis.call('ZCARD', STARTS) < NUMBER end

-- free takes a permit back. A start that was made goes on counting.
local function free(holder)
  redis.call('ZREM', PERMITS, holder)
  redis.call('ZREM', STARTS, holder)
end

-- letIn gives permits to those that wait, the first ones first, while there are any. It returns to whom.
local function letIn()
  local let = {}
  while #let < BATCH and place() and start() do
    local id = redis.call('ZPOPMIN', WAITING)[1]
    if not id then break end
    redis.call('ZADD', PERMITS, NOW, id)
    if NUMBER > 0 then redis.call('ZADD', STARTS, NEVER, id) end
    let[#let + 1] = id
  end
  return let
end
