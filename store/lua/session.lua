-- session reads a session, and lets its life begin anew unless that was done a moment ago.
-- KEYS[1] session   ARGV[1] its life in ms  ARGV[2] the moment in ms  ARGV[3..] fields
-- returns their values, '' where there is none | {} no such session
local left = redis.call('PTTL', KEYS[1])
if left == -2 then return {} end
if left < ARGV[1] - ARGV[2] then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
local values = redis.call('HMGET', KEYS[1], unpack(ARGV, 3))
for i = 1, #values do values[i] = values[i] or '' end
return values
