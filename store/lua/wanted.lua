-- wanted finds the resources that a worker is to watch: all that somebody wants to hear of if it is the first, by its name, of those that
-- answer for the source, and otherwise none.
-- KEYS[1] workers that answer  KEYS[2] resources   ARGV[1] worker
-- returns URIs
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], NOW, '+inf')) do
  if worker < ARGV[1] then return {} end
end
return redis.call('ZRANGEBYSCORE', KEYS[2], NOW, '+inf')
