-- reap takes an attempt from a worker that has not been heard of. It checks everything again, so a keeper that slept is harmless,
-- and it does nothing while the shard is being left alone after a gap in its ticks.
-- KEYS[12] the shard's tick
-- ARGV[2] gap  ARGV[3] crashes that count as a failure  ARGV[4] status message  ARGV[5] status of a broken task
-- ARGV[6] error: crashed too often  ARGV[7] error: must not run again
-- returns {1, delivery} the next attempt waits | {2} the task is broken | {0} nothing to do
local last, pause = string.match(redis.call('GET', KEYS[12]) or '', '^(%d+) (%d+)$')
if not last or NOW - last > tonumber(ARGV[2]) or NOW < tonumber(last) or NOW < tonumber(pause) then return {0} end
local deadline = redis.call('ZSCORE', LIVE, ID)
if not deadline or tonumber(deadline) > NOW then return {0} end
redis.call('ZREM', LIVE, ID)
if not known() or ended() then return {0} end
if get('rerun') == 'no' then
  close(ARGV[5], '', ARGV[7])
  return {2}
end
if redis.call('HINCRBY', T, 'crashes', 1) >= tonumber(ARGV[3]) then
  set('crashes', 0)
  if redis.call('HINCRBY', T, 'failures', 1) >= num('attempts') then
    close(ARGV[5], '', ARGV[6])
    return {2}
  end
end
local lost = get('attempt')
raise('queued', 0)
say(ARGV[4])
event('reap', lost)
return {1, delivery()}
