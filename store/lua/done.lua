-- done ends that a request of a session is in flight. That its client cancelled it stays noted: nobody is to go on with its stream.
-- KEYS[1] session   ARGV[1] field of the request  ARGV[2] how the note of one that was cancelled ends
-- returns 1 its client cancelled it | 0
local note = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if string.sub(note, -#ARGV[2]) == ARGV[2] then return 1 end
redis.call('HDEL', KEYS[1], ARGV[1])
return 0
