-- resign ends a process's time as the keeper.
-- KEYS[1] the keeper's lease   ARGV[1] process
-- returns 1
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
