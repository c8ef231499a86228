-- index lists a task under its owner, before there is a record: an entry without one does no harm, a task without an entry is hidden.
-- KEYS[1] the owner's index   ARGV[1] id  ARGV[2] how long the task may be known, in ms
-- returns 1
redis.call('ZADD', KEYS[1], 'NX', NOW, ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
