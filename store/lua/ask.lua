-- ask writes an attempt's question, or finds its answer. Several may be open.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] key  ARGV[5] digest  ARGV[6] request
-- ARGV[7] how long the client has to answer, 0 = no limit  ARGV[8] the answer that counts after that, '' = none
-- ARGV[9] most questions a task may ask  ARGV[10] new status  ARGV[11..] allowed statuses
-- returns {'open', ms left, 0 = no limit} | {'answered', answer, '' = nobody answered in time}
-- | {'reused'} the key stands for another question | {'full'} | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
lapse()
local key = ARGV[4]
local digest = redis.call('HGET', ASK, 'd:' .. key)
if digest then
  if digest ~= ARGV[5] then return {'reused'} end
  local answer = redis.call('HGET', ASK, 'a:' .. key)
  if answer then return {'answered', answer} end
  local till = tonumber(redis.call('HGET', ASK, 't:' .. key) or 0)
  return {'open', till > 0 and till - NOW or 0}
end
if num('asked') >= tonumber(ARGV[9]) then return {'full'} end
if not allowed(11) then return {'ended'} end
redis.call('HSET', ASK, 'd:' .. key, ARGV[5], 'r:' .. key, ARGV[6])
local limit = tonumber(ARGV[7])
if limit > 0 then
  redis.call('HSET', ASK, 't:' .. key, NOW + limit, 'o:' .. key, ARGV[8])
  local first = num('lapse')
  if first == 0 or NOW + limit < first then set('lapse', NOW + limit) end
end
redis.call('HINCRBY', T, 'asked', 1)
redis.call('HINCRBY', T, 'open', 1)
set('status', ARGV[10])
event('ask', ARGV[2])
return {'open', limit}
