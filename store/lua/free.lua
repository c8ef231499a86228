-- free takes a permit back, unless its holder was seen to need it meanwhile.
-- ARGV[2] holder  ARGV[3] when it was seen to last, '' = whatever was seen
-- returns who was let in
local at = since(ARGV[2])
if at and (ARGV[3] == '' or tonumber(at) <= tonumber(ARGV[3])) then free(ARGV[2]) end
return letIn()
