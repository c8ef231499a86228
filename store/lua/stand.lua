-- stand says that a worker answers for a source, for a while.
-- KEYS[1] workers that answer  KEYS[2] requests that wait   ARGV[1] worker  ARGV[2] that while, ms
-- returns how many requests wait
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', NOW)
redis.call('ZADD', KEYS[1], NOW + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('LLEN', KEYS[2])
