-- retract takes a request to a source back, and has the worker that took it look.
-- KEYS[1] request, also its channel  KEYS[2] those that wait   ARGV[1] id  ARGV[2] what the channel is told
-- returns 1
redis.call('DEL', KEYS[1])
redis.call('LREM', KEYS[2], 1, ARGV[1])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1
