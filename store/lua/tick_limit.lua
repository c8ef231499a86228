-- tick_limit lets in whose time has come, and finds permits that may not be needed any more: for a while nobody said that they are.
-- ARGV[2] that while for a task, in ms  ARGV[3] for an attempt whose task goes on without it: it has no record that could be asked
-- ARGV[4] most of them
-- returns {ms until the next start may be, -1 = that is not what is waited for, tasks to ask, who was let in}
local unsure = {}
local held = redis.call('ZRANGEBYSCORE', PERMITS, '-inf', NOW - ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[4])
for i = 1, #held, 2 do
  if not string.find(held[i], '#') then
    redis.call('ZADD', PERMITS, NOW, held[i])
    unsure[#unsure + 1] = held[i]
  elseif tonumber(held[i + 1]) <= NOW - ARGV[3] then
    free(held[i])
  end
end
local let = letIn()
local wait = -1
if not start() and place() and redis.call('ZCARD', WAITING) > 0 then
  local first = tonumber(redis.call('ZRANGE', STARTS, 0, 0, 'WITHSCORES')[2])
  if first < NEVER then wait = first + WINDOW + 1 - NOW end
end
return {wait, unsure, let}
