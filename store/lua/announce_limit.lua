-- announce_limit keeps the limits of tools that are announced, unless a process that started later has announced them.
-- KEYS[1] limits   ARGV[1] when the announcing process started, '' = now  ARGV[2..] tool, its limit, '' = none
-- returns when the announcing process started
local clock = redis.call('TIME')
local started = ARGV[1] ~= '' and ARGV[1] or string.format('%d%06d', clock[1], clock[2])
for i = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local since = string.match(known or '', '^%d+')
  if (known or ARGV[i + 1] ~= '') and not (since and tonumber(since) > tonumber(started)) then
    redis.call('HSET', KEYS[1], ARGV[i], started .. ' ' .. (ARGV[i + 1] ~= '' and ARGV[i + 1] or '0 0 0'))
  end
end
return started
