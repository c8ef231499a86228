-- amend changes a field of a session.
-- KEYS[1] session   ARGV[1] field  ARGV[2] value
-- returns 1 | 0 no such session
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
