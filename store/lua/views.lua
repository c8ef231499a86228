-- views finds how the workers that are there see their upstream servers.
-- KEYS[1] workers by until when they are believed  KEYS[2] what each says
-- returns worker, what it says, and so on
local found = {}
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], NOW, '+inf')) do
  local says = redis.call('HGET', KEYS[2], worker)
  if says then
    found[#found + 1] = worker
    found[#found + 1] = says
  end
end
return found
