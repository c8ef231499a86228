-- prune forgets a task that ended long enough ago, and breaks one that has been open for too long.
-- ARGV[2] status of a broken task  ARGV[3] its error
-- returns {2, owner, created} forgotten, '' where nobody knows | {1} broken | {0} nothing to do
local at = redis.call('ZSCORE', ENDS, ID)
if not at or tonumber(at) > NOW then return {0} end
if known() and not ended() then
  close(ARGV[2], '', ARGV[3])
  return {1}
end
local owner, created = get('owner'), get('created')
local idem = idempotency()
if idem and redis.call('GET', idem) == ID then redis.call('DEL', idem) end
redis.call('DEL', unpack(KEYS, 1, 8))
redis.call('ZREM', ENDS, ID)
redis.call('ZREM', DUE, ID)
redis.call('ZREM', LIVE, ID)
return {2, owner, created}
