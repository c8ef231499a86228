-- hold says that a tool runs, which counts whether it was let in or not.
-- ARGV[2] holder  ARGV[3] in whose place, '' = its own
-- returns 1
redis.call('ZADD', PERMITS, NOW, ARGV[2])
if ARGV[3] ~= '' then free(ARGV[3]) end
return 1
