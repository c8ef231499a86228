-- unlist takes a tool out of the catalogue, unless another process has announced it since.
-- KEYS[1] catalogue   ARGV[1] when the process started that takes it out  ARGV[2] tool
-- returns 1 taken out | 0 it is another's, or gone
local since = string.match(redis.call('HGET', KEYS[1], ARGV[2]) or '', '^(%d+) ')
if since ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1
