-- release gives an attempt back; the next one waits in the queue, for its time, or (parked) for an answer.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] phase  ARGV[5] delay  ARGV[6] failures to count  ARGV[7] give-backs to count
-- ARGV[8] status message  ARGV[9] the attempt's error  ARGV[10] answers that the attempt has seen
-- ARGV[11] the limit that has to let the next one in, '' = as before
-- returns {'released', delivery}, now or by an earlier run | {'answered'} not parked: there is an answer | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if get('prev') == ARGV[3] and get('attempt') == tostring(tonumber(ARGV[2]) + 1) then return {'released', delivery()} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
lapse()
if ARGV[4] == 'parked' and num('answered') > tonumber(ARGV[10]) then return {'answered'} end
redis.call('HINCRBY', T, 'failures', ARGV[6])
redis.call('HINCRBY', T, 'backs', ARGV[7])
if ARGV[9] ~= '' then redis.call('SET', ERR, ARGV[9]) end
if ARGV[11] ~= '' then set('limit', ARGV[11]) end
raise(ARGV[4], tonumber(ARGV[5]))
say(ARGV[8])
event('release', ARGV[2])
return {'released', delivery()}
