-- answer keeps a client's answers: the first per key wins, unknown and answered keys are ignored. The last open question
-- moves the status. A parked task becomes claimable.
-- ARGV[2] new status  ARGV[3] the status in which there are answers to give  ARGV[4..] key, answer
-- returns {2, delivery} kept, and the task waits for a worker | {1} kept | {0} nothing was open | {-1} no such task
if not known() then return {-1} end
if ended() or get('status') ~= ARGV[3] then return {0} end
local kept = 0
for i = 4, #ARGV, 2 do
  if redis.call('HEXISTS', ASK, 'd:' .. ARGV[i]) == 1 then
    kept = kept + redis.call('HSETNX', ASK, 'a:' .. ARGV[i], ARGV[i + 1])
  end
end
if kept == 0 then return {0} end
redis.call('HINCRBY', T, 'answered', kept)
if redis.call('HINCRBY', T, 'open', -kept) == 0 then set('status', ARGV[2]) end
local parked = get('phase') == 'parked'
if parked then
  set('phase', 'queued', 'queued', NOW, 'looks', 0)
  say('')
  redis.call('ZADD', DUE, NOW + LOOK, ID)
end
event('answer', '')
if parked then return {2, delivery()} end
return {1}
