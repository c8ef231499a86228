-- create writes a task, unless its id or its idempotency key is there already.
-- KEYS[12] idempotency key, if any
-- ARGV[2] arguments  ARGV[3] lifetime  ARGV[4] status message  ARGV[5] n: so many fields and values follow, then questions
-- that were answered beforehand: key, digest, request, answer
-- returns {1, now} created, now or by an earlier run | {0, id} the key's task | {-1, id} the key stands for another call
local n = tonumber(ARGV[5])
local function field(name)
  for i = 6, 5 + n, 2 do
    if ARGV[i] == name then return ARGV[i + 1] end
  end
end
if known() then return {1, num('created')} end
if KEYS[12] then
  local other = redis.call('GET', KEYS[12])
  if other then
    local digest = redis.call('HGET', string.sub(T, 1, #T - #ID) .. other, 'digest')
    if digest then return {digest == field('digest') and 0 or -1, other} end
  end
  redis.call('SET', KEYS[12], ID)
end
redis.call('HSET', T, unpack(ARGV, 6, 5 + n))
set('phase', 'queued', 'attempt', 1, 'token', '', 'created', NOW, 'updated', NOW, 'queued', NOW, 'seq', 0)
say(ARGV[4])
redis.call('SET', IN, ARGV[2])
for i = 6 + n, #ARGV, 4 do
  redis.call('HSET', ASK, 'd:' .. ARGV[i], ARGV[i + 1], 'r:' .. ARGV[i], ARGV[i + 2], 'a:' .. ARGV[i], ARGV[i + 3])
end
redis.call('ZADD', DUE, NOW + LOOK, ID)
redis.call('ZADD', ENDS, NOW + tonumber(ARGV[3]), ID)
return {1, NOW}
