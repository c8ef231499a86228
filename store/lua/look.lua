-- look says whether an unclaimed task's time has come (a parked one's, if a question lapsed), and when to look again: LOOK, doubling,
-- since most only wait their turn.
-- ARGV[2] longest pause between two looks  ARGV[3] status message of a task whose time to start has come, before what bounds it
-- returns {1, delivery, ms since it became claimable} enqueue it | {0} nothing to do
local due = redis.call('ZSCORE', DUE, ID)
if not due or tonumber(due) > NOW then return {0} end
if get('phase') == 'parked' and not lapse() then
  wait()
  return {0}
end
local phase = get('phase')
if phase ~= 'queued' and phase ~= 'delayed' then
  redis.call('ZREM', DUE, ID)
  return {0}
end
if phase == 'delayed' then
  set('phase', 'queued', 'queued', NOW, 'looks', 0)
  say(ARGV[3] .. get('bounds'))
  event('due', '')
end
local looks = num('looks')
set('looks', looks + 1)
redis.call('ZADD', DUE, NOW + math.min(tonumber(ARGV[2]), LOOK * 2 ^ math.min(looks, 20)), ID)
return {1, delivery(), NOW - num('queued')}
