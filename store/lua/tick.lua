-- tick remembers that a keeper looks after a shard, and finds what is overdue. After a gap in the ticks, or a clock that went back,
-- the shard is left alone for a while: its workers could not beat either.
-- KEYS[1] tick  KEYS[2..4] due, live, ends   ARGV[1] gap  ARGV[2] pause  ARGV[3] most ids of each
-- returns {due ids, live ids, ends ids}
local last, pause = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
pause = tonumber(pause or 0)
if last and (NOW - last > tonumber(ARGV[1]) or NOW < tonumber(last)) then pause = NOW + tonumber(ARGV[2]) end
redis.call('SET', KEYS[1], string.format('%d %d', NOW, pause))
local function overdue(key) return redis.call('ZRANGEBYSCORE', key, '-inf', NOW, 'LIMIT', 0, ARGV[3]) end
return {overdue(KEYS[2]), NOW < pause and {} or overdue(KEYS[3]), overdue(KEYS[4])}
