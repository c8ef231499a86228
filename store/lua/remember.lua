-- remember keeps what a later attempt of this task is to find again. An attempt that got so far was not killed by its task.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] name  ARGV[5] value  ARGV[6] most bytes a task may remember
-- returns {'held', answers so far} | {'full'} | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
local before = redis.call('HGET', MEM, ARGV[4])
local size = num('memory') + #ARGV[5] + (before and -#before or #ARGV[4])
if size > tonumber(ARGV[6]) then return {'full'} end
redis.call('HSET', MEM, ARGV[4], ARGV[5])
set('memory', size, 'crashes', 0)
return {'held', num('answered')}
