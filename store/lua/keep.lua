-- keep says that a client can come back to its task: it was told the id, or given a state that leads to it.
-- returns {1} | {-1} no such task
if not known() then return {-1} end
set('kept', 1)
return {1}
