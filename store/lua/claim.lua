-- claim gives an attempt to one worker, once. The same token again is success: its first answer was lost.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] worker
-- returns {1, record, arguments} | {0} refused: ended, stale or somebody else's | {-1} no such task
if not known() then return {-1} end
if ended() or get('attempt') ~= ARGV[2] then return {0} end
local holder = get('token')
if holder ~= ARGV[3] then
  if holder ~= '' or get('phase') == 'parked' then return {0} end
  claim(ARGV[3], ARGV[4], LIVENESS)
  say('')
  event('claim', ARGV[2])
end
return {1, redis.call('HGETALL', T), redis.call('GET', IN)}
