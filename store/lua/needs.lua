-- needs says whether a task needs its permit: it waits in the queue for a worker, or its tool runs.
-- returns {2, delivery} it waits | {1} its tool runs | {0} no
if not known() then return {0} end
local phase = get('phase')
if phase == 'queued' then return {2, delivery()} end
if phase == 'running' or redis.call('ZSCORE', LIVE, ID) then return {1} end
return {0}
