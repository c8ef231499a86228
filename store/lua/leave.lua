-- leave frees the place of an attempt whose task ended while the tool was still running.
-- ARGV[2] attempt  ARGV[3] token
-- returns {1}
if not known() or (ended() and get('attempt') == ARGV[2] and get('token') == ARGV[3]) then
  redis.call('ZREM', LIVE, ID)
end
return {1}
