-- announce lists a tool, unless a process that started later has announced it.
-- KEYS[1] catalogue   ARGV[1] when the announcing process started, '' = now  ARGV[2] tool  ARGV[3] its description
-- returns when the announcing process started
local clock = redis.call('TIME')
local started = ARGV[1] ~= '' and ARGV[1] or string.format('%d%06d', clock[1], clock[2])
local since, listed = string.match(redis.call('HGET', KEYS[1], ARGV[2]) or '', '^(%d+) (.*)$')
if since and tonumber(since) > tonumber(started) then return started end
if since ~= started or listed ~= ARGV[3] then
  redis.call('HSET', KEYS[1], ARGV[2], started .. ' ' .. ARGV[3])
end
if listed ~= ARGV[3] then redis.call('PUBLISH', KEYS[1], ARGV[2]) end
return started
