-- view keeps how a worker sees its upstream servers, for a while, and forgets what those said that are gone.
-- KEYS[1] workers by until when they are believed  KEYS[2] what each says
-- ARGV[1] worker  ARGV[2] that while, ms  ARGV[3] how many servers it has  ARGV[4] what it says of them
-- returns 1 kept | 0 it has none, and is forgotten too
local function forget(worker)
  redis.call('ZREM', KEYS[1], worker)
  redis.call('HDEL', KEYS[2], worker)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', NOW)) do forget(gone) end
if ARGV[3] == '0' then
  forget(ARGV[1])
  return 0
end
redis.call('ZADD', KEYS[1], NOW + ARGV[2], ARGV[1])
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[4] then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
