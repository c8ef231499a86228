-- renew raises the attempt of a task whose delivery the queue has lost: taken by a worker that died before its claim, or an orphan.
-- ARGV[2] attempt  ARGV[3] how long it must have been claimable
-- returns {1, delivery} enqueue this one | {0} it has moved on
if not known() or get('attempt') ~= ARGV[2] or get('phase') ~= 'queued' or NOW - num('queued') < tonumber(ARGV[3]) then return {0} end
raise('queued', 0)
return {1, delivery()}
