-- remember keeps what a later attempt of this task is to find again. An attempt that got further than any before was
-- not killed by its task.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] which value of the attempt it is, from 1: a copy that comes late takes nothing back
-- ARGV[5] name  ARGV[6] value  ARGV[7] most bytes a task may remember
-- returns {'held', answers so far} | {'full'} | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
if tonumber(ARGV[4]) <= num('remembered') then return {'held', num('answered')} end
local before = redis.call('HGET', MEM, ARGV[5])
local size = num('memoryBytes') + #ARGV[6] + (before and -#before or #ARGV[5])
if size > tonumber(ARGV[7]) then return {'full'} end
redis.call('HSET', MEM, ARGV[5], ARGV[6])
set('memoryBytes', size, 'remembered', ARGV[4])
if before ~= ARGV[6] then set('crashes', 0) end
return {'held', num('answered')}
