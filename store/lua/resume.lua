-- resume begins another take of a session's stream, and has whoever serves an earlier one look.
-- KEYS[1] stream   ARGV[1] session  ARGV[2] the stream's life in ms  ARGV[3] the session's channel  ARGV[4] what it is told
-- returns {take, ms left until the request is answered in any case (-1 = never), request, kind, task, tool, token} | {} no such stream
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return {} end
local take = redis.call('HINCRBY', KEYS[1], 'take', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
local left = tonumber(redis.call('HGET', KEYS[1], 'till'))
if left >= 0 then
  left = math.max(0, left - NOW)
end
local values = redis.call('HMGET', KEYS[1], 'request', 'kind', 'task', 'tool', 'token')
return {take, string.format('%d', left), unpack(values)}
