-- pick takes the request to a source that has waited longest. If the reply is lost so is the request: it is asked once at the most, and
-- who waits for it is told after a while.
-- KEYS[1] requests that wait   ARGV[1] what the keys of requests begin with  ARGV[2] worker  ARGV[3] how long it is believed to ask, ms
-- returns {id, method, params, how long it may still take, ms} | {} none waits
while true do
  local id = redis.call('LPOP', KEYS[1])
  if not id then return {} end
  local key = ARGV[1] .. id
  local method, params = unpack(redis.call('HMGET', key, 'method', 'params'))
  if method then
    redis.call('HDEL', key, 'params')
    redis.call('HSET', key, 'by', ARGV[2], 'until', NOW + ARGV[3])
    return {id, method, params, tostring(redis.call('PTTL', key))}
  end
end
