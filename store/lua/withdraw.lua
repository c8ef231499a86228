-- withdraw notes that the client cancelled a request of its session, and has whoever serves it look. A repeat says the same.
-- KEYS[1] session, also its channel   ARGV[1] field of the request  ARGV[2] what the channel is told
-- returns {kind, task, waiter} of the request | {} none in flight
local since, kind, task, waiter = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%S+) (%S+) (%S+)')
if not since then return {} end
redis.call('HSET', KEYS[1], ARGV[1], since .. ' ' .. kind .. ' ' .. task .. ' ' .. waiter .. ' withdrawn')
redis.call('PUBLISH', KEYS[1], ARGV[2])
return {kind, task, waiter}
