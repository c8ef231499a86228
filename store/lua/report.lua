-- report keeps an attempt's progress and log.
-- ARGV[2] attempt  ARGV[3] token  ARGV[4] 1: progress follows, 0: only logs  ARGV[5] done  ARGV[6] total  ARGV[7] eta ms
-- ARGV[8] message  ARGV[9] the same as an event's body  ARGV[10..] log events' bodies
-- returns as beat does, without extending the attempt's life
if not known() then return {'lost'} end
if ended() then
  return {get('attempt') == ARGV[2] and get('token') == ARGV[3] and 'ended' or 'lost'}
end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
for i = 10, #ARGV do event('log', ARGV[i]) end
if ARGV[4] == '1' then
  set('progress', ARGV[5], 'total', ARGV[6], 'eta', ARGV[7])
  say(ARGV[8])
  event('progress', ARGV[9])
end
return {'held', num('answered')}
