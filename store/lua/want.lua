-- want says that somebody wants to hear when resources of a source change, for a while.
-- KEYS[1] resources, also their channel   ARGV[1] that while, ms  ARGV[2] how many there may be  ARGV[3] what the channel is told
-- ARGV[4..] URIs
-- returns those for which there is no room
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', NOW)
local room, refused, new = tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1]), {}, false
for i = 4, #ARGV do
  local known = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if known or room > 0 then
    redis.call('ZADD', KEYS[1], NOW + ARGV[1], ARGV[i])
    if not known then room, new = room - 1, true end
  else
    refused[#refused + 1] = ARGV[i]
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if new then redis.call('PUBLISH', KEYS[1], ARGV[3]) end
return refused
