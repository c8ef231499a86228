-- inquire puts a request to a source, for whichever of its workers takes it first.
-- KEYS[1] request  KEYS[2] those that wait, also the workers' channel  KEYS[3] workers that answer
-- ARGV[1] id  ARGV[2] how long it may take, ms  ARGV[3] how many may wait  ARGV[4] method  ARGV[5] params  ARGV[6] what the channel is told
-- returns 'put', now or by an earlier run | 'nobody' answers | 'crowded'
if redis.call('EXISTS', KEYS[1]) == 1 then return 'put' end
if redis.call('ZCOUNT', KEYS[3], NOW, '+inf') == 0 then return 'nobody' end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[3]) then return 'crowded' end
redis.call('HSET', KEYS[1], 'method', ARGV[4], 'params', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('PUBLISH', KEYS[2], ARGV[6])
return 'put'
