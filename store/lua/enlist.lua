-- enlist lists a session under its caller. If there are too many it says which others were listed longest ago: one of them is to end.
-- KEYS[1] the caller's sessions   ARGV[1] session  ARGV[2] life of a session in ms  ARGV[3] how many there may be  ARGV[4] how many to name
-- returns {now} | {now, session, ..} too many
redis.call('ZADD', KEYS[1], NOW, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local answer = {NOW}
if redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[3]) then
  for _, session in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[4] - 1)) do
    if session ~= ARGV[1] then answer[#answer + 1] = session end
  end
end
return answer
