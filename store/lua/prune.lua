-- prune forgets a task that ended long enough ago, and breaks one that has been open for too long.
-- KEYS[12] the shard's tasks with objects in the blob store
-- ARGV[2] status of a broken task  ARGV[3] its error  ARGV[4] 1: its objects are gone  ARGV[5] if not, when to come again, in milliseconds
-- returns {3} it has objects, they go first | {2, owner, created} forgotten, '' where nobody knows | {1} broken | {0} nothing to do
local at = redis.call('ZSCORE', ENDS, ID)
local cleared = ARGV[4] == '1'
if not at or not cleared and tonumber(at) > NOW then return {0} end
if known() and not ended() then
  if cleared then return {0} end
  close(ARGV[2], '', ARGV[3])
  return {1}
end
if redis.call('SISMEMBER', KEYS[12], ID) == 1 and not cleared then
  redis.call('ZADD', ENDS, NOW + ARGV[5], ID)
  return {3}
end
local owner, created = get('owner'), get('created')
local idem = idempotency()
if idem and redis.call('GET', idem) == ID then redis.call('DEL', idem) end
redis.call('DEL', unpack(KEYS, 1, 8))
redis.call('ZREM', ENDS, ID)
redis.call('ZREM', DUE, ID)
redis.call('ZREM', LIVE, ID)
redis.call('SREM', KEYS[12], ID)
return {2, owner, created}
