-- abandon says that a call does not wait for its task any more.
-- ARGV[2] the call
-- returns {1}
redis.call('HDEL', T, 'h:' .. ARGV[2])
return {1}
