-- answer keeps a client's answers: the first per key wins, unknown and answered keys are ignored.
-- ARGV[2] the status in which there are answers to give  ARGV[3..] key, answer
-- returns {2, delivery} the task waits for a worker now | {1} kept | {0} nothing was kept | {-1} no such task
if not known() then return {-1} end
if ended() or get('status') ~= ARGV[2] then return {0} end
local _, parked = lapse()
local kept = 0
for i = 3, #ARGV, 2 do
  if redis.call('HEXISTS', ASK, 'd:' .. ARGV[i]) == 1 then
    kept = kept + redis.call('HSETNX', ASK, 'a:' .. ARGV[i], ARGV[i + 1])
  end
end
if kept > 0 then parked = answered(kept) or parked end
if parked then return {2, delivery()} end
return {kept > 0 and 1 or 0}
