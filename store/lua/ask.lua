-- ask writes an attempt's question, or finds its answer. Several may be open.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] key  ARGV[5] digest  ARGV[6] request  ARGV[7] most questions a task may ask
-- ARGV[8] new status  ARGV[9..] allowed statuses
-- returns {'open'} | {'answered', answer} | {'reused'} the key stands for another question | {'full'} | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
local digest = redis.call('HGET', ASK, 'd:' .. ARGV[4])
if digest then
  if digest ~= ARGV[5] then return {'reused'} end
  local answer = redis.call('HGET', ASK, 'a:' .. ARGV[4])
  if answer then return {'answered', answer} end
  return {'open'}
end
if num('asked') >= tonumber(ARGV[7]) then return {'full'} end
if not allowed(9) then return {'ended'} end
redis.call('HSET', ASK, 'd:' .. ARGV[4], ARGV[5], 'r:' .. ARGV[4], ARGV[6])
redis.call('HINCRBY', T, 'asked', 1)
redis.call('HINCRBY', T, 'open', 1)
set('status', ARGV[8])
event('ask', '')
return {'open'}
