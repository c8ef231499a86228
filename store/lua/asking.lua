-- asking says that the worker that picked a request to a source still asks, for a while.
-- KEYS[1] request   ARGV[1] worker  ARGV[2] that while, ms
-- returns 1 | 0 nobody waits for the answer any more
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', NOW + ARGV[2])
return 1
