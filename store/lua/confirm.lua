-- confirm notes that a replica has the end of a task.
-- returns {1}
if known() and ended() then set('confirmed', 1) end
return {1}
