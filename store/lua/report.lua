-- report keeps an attempt's progress and log.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] which report of the attempt it is, from 1  ARGV[5] 1: progress follows, 0: only logs
-- ARGV[6] done  ARGV[7] total  ARGV[8] eta ms  ARGV[9] message  ARGV[10] the same as an event's body  ARGV[11..] log events' bodies
-- returns as beat does, without extending the attempt's life
if not known() then return {'lost'} end
if ended() then
  return {get('attempt') == ARGV[2] and get('token') == ARGV[3] and 'ended' or 'lost'}
end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
if tonumber(ARGV[4]) > num('reports') then
  set('reports', ARGV[4])
  for i = 11, #ARGV do event('log', ARGV[i]) end
  if ARGV[5] == '1' then
    set('progress', ARGV[6], 'total', ARGV[7], 'eta', ARGV[8])
    if tonumber(ARGV[6]) > num('peak') then set('peak', ARGV[6]) end
    say(ARGV[9])
    event('progress', ARGV[10])
  end
end
return {'held', num('answered')}
