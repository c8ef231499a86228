-- begin says whether a task has a permit, just before its tool is started. That is when the start counts.
-- ARGV[2] id  ARGV[3] its attempt
-- returns 1 | 0 it has none
if not since(ARGV[2]) then return 0 end
redis.call('ZADD', PERMITS, NOW, ARGV[2])
if redis.call('ZREM', STARTS, ARGV[2]) == 1 then redis.call('ZADD', STARTS, NOW, ARGV[2] .. ' ' .. ARGV[3]) end
return 1
