-- stream keeps what any process must know of a response stream to go on with it.
-- KEYS[1] stream   ARGV[1] its life in ms  ARGV[2] ms until its request is answered in any case, negative = never  ARGV[3..] fields, values
-- returns 1
local till = -1
if tonumber(ARGV[2]) >= 0 then
  till = NOW + ARGV[2]
end
redis.call('HSET', KEYS[1], 'till', till, unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
