-- index lists a task under its owner, before there is a record: an entry without one is skipped and pruned, a task without an
-- entry would be hidden.
-- KEYS[1] the owner's index   ARGV[1] id
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'NX', clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[1])
return 1
