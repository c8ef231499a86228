-- drop takes back what a stream of a session carried, and has the others look whether it is theirs now.
-- KEYS[1] session, also its channel   ARGV[1] stream  ARGV[2] what the channel is told  ARGV[3..] fields
-- returns how many it carried
local n = 0
for i = 3, #ARGV do
  local holder = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^%d+ (.*)$')
  if holder == ARGV[1] then n = n + redis.call('HDEL', KEYS[1], ARGV[i]) end
end
if n > 0 then redis.call('PUBLISH', KEYS[1], ARGV[2]) end
return n
