-- carry gives one stream of a session the right to carry a message, for a while: it says so again, or another one may. A stream's name
-- may end in .<take>: all its takes are one stream.
-- KEYS[1] session   ARGV[1] field  ARGV[2] stream  ARGV[3] the while in ms  ARGV[4] field of a stream that goes before, '' = none
-- returns 1 this stream carries it | 0 another one does | -1 no such session
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function name(stream) return string.match(stream, '^[^.]*') end

local function others(field)
  local till, stream = string.match(redis.call('HGET', KEYS[1], field) or '', '^(%d+) (.*)$')
  return stream and name(stream) ~= name(ARGV[2]) and tonumber(till) > now
end

if others(ARGV[1]) or ARGV[4] ~= '' and others(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], (now + ARGV[3]) .. ' ' .. ARGV[2])
return 1
