-- admit gives a task a permit, or has it wait for one. One that has a permit keeps it.
-- ARGV[2] id  ARGV[3] by how many ms it stands behind who came at the same time
-- returns {1 it has a permit | 0 it waits, others that were let in}
local id = ARGV[2]
if since(id) then
  redis.call('ZADD', PERMITS, NOW, id)
  return {1, {}}
end
redis.call('ZADD', WAITING, 'NX', NOW + tonumber(ARGV[3]), id)
local let = letIn()
return {since(id) and 1 or 0, let}
