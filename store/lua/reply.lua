-- reply answers a request to a source, unless nobody waits for that any more.
-- KEYS[1] request, also its channel   ARGV[1] worker  ARGV[2] answer  ARGV[3] what the channel is told
-- returns 1 answered | 0 nobody waits
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[3])
return 1
