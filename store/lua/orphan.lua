-- orphan ends a task that nobody waits for, and that nobody was told how to come back to.
-- ARGV[2] new status  ARGV[3] status message  ARGV[4..] allowed statuses
-- returns {1} ended | {0} somebody waits, or may come back, or it has ended | {-1} no such task
if not known() then return {-1} end
if ended() or get('kept') ~= '' or not allowed(4) then return {0} end
for _, field in ipairs(redis.call('HKEYS', T)) do
  if string.sub(field, 1, 2) == 'h:' then return {0} end
end
close(ARGV[2], ARGV[3], '')
return {1}
