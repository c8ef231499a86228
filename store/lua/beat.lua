-- beat says that an attempt is alive. One whose task has ended keeps its place in live until its worker leaves.
-- ARGV[2] attempt  ARGV[3] token
-- returns {'held', answers so far} | {'ended'} stop | {'lost'} somebody else's, or gone
if not known() then return {'lost'} end
if ended() then
  if get('attempt') ~= ARGV[2] or get('token') ~= ARGV[3] then return {'lost'} end
  redis.call('ZADD', LIVE, 'XX', NOW + LIVENESS, ID)
  return {'ended'}
end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
lapse() -- whoever asked may not wait any more
redis.call('ZADD', LIVE, NOW + LIVENESS, ID)
if num('crashes') > 0 and NOW - num('started') > STEADY then set('crashes', 0) end
return {'held', num('answered')}
