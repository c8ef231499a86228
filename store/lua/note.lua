-- note keeps a field of a session. Of fields with the same prefix there are so many at most: then the oldest goes.
-- KEYS[1] session   ARGV[1] prefix  ARGV[2] rest of the field's name  ARGV[3] value  ARGV[4] how many
-- returns 1 kept | 0 no such session
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local field, most = ARGV[1] .. ARGV[2], tonumber(ARGV[4])

local function crowd()
  local n, oldest, at = 0, nil, nil
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if all[i] ~= field and string.sub(all[i], 1, #ARGV[1]) == ARGV[1] then
      local since = tonumber(string.match(all[i + 1], '^%d+'))
      n = n + 1
      if not at or since < at then oldest, at = all[i], since end
    end
  end
  return n, oldest
end

if redis.call('HLEN', KEYS[1]) >= most then
  local n, oldest = crowd()
  if n >= most then redis.call('HDEL', KEYS[1], oldest) end
end
redis.call('HSET', KEYS[1], field, NOW .. ' ' .. ARGV[3])
return 1
