-- open keeps a session that nobody has used yet.
-- KEYS[1] session   ARGV[1] its life in ms  ARGV[2..] fields and values
-- returns 1
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
