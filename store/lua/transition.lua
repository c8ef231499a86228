-- transition ends a task if its status is one of those given and the writer still holds it. The first to end it wins.
-- ARGV[2] new status  ARGV[3] attempt  ARGV[4] token, '' = a client  ARGV[5] status message  ARGV[6] result or error
-- ARGV[7] 1: the tool reported no error  ARGV[8..] allowed statuses
-- returns {1, new} moved, now or by an earlier run of this very write | {0, current} refused by the status
-- | {-1} no such task | {-2} the writer has lost it
if not known() then return {-1} end
local worker = ARGV[4] ~= ''
if ended() then
  local again = worker and get('status') == ARGV[2] and get('attempt') == ARGV[3] and get('token') == ARGV[4]
  return {again and 1 or 0, get('status')}
end
if worker and not held(ARGV[3], ARGV[4]) then return {-2} end
if not allowed(8) then return {0, get('status')} end
if worker then redis.call('ZREM', LIVE, ID) end
if ARGV[7] == '1' then set('clean', 1) end
close(ARGV[2], ARGV[5], ARGV[6], worker and ARGV[3] or '')
return {1, ARGV[2]}
