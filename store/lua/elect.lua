-- elect makes a process the keeper, or lets it stay so.
-- KEYS[1] the keeper's lease   ARGV[1] process  ARGV[2] lease
-- returns 1 it is the keeper | 0 another one is
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
