-- carry gives one stream of a session the right to carry a message, for a while: it says so again, or another one may. A stream's name
-- may end in .<take>: all its takes are one stream, and belong to the latest.
-- KEYS[1] session   ARGV[1] field  ARGV[2] stream  ARGV[3] the while in ms  ARGV[4] field of a stream that goes before, '' = none
-- returns 1 this stream carries it | 0 another one does | -1 no such session
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end

local function parts(holder)
  local stream, take = string.match(holder, '^([^.]*)%.?(%d*)$')
  return stream, tonumber(take) or 0
end

local ours, ourTake = parts(ARGV[2])

local function others(field)
  local till, holder = string.match(redis.call('HGET', KEYS[1], field) or '', '^(%d+) (.*)$')
  if not holder or tonumber(till) <= NOW then return false end
  local stream, take = parts(holder)
  return stream ~= ours or take > ourTake
end

if others(ARGV[1]) or ARGV[4] ~= '' and others(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], (NOW + ARGV[3]) .. ' ' .. ARGV[2])
return 1
