-- retire takes a tool, or a source, off its catalogue.
-- KEYS[1] catalogue   ARGV[1] tool or source
-- returns 1 it was listed | 0 it was not
local listed = redis.call('HDEL', KEYS[1], ARGV[1])
if listed == 1 then redis.call('PUBLISH', KEYS[1], ARGV[1]) end
return listed
