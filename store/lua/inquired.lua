-- inquired looks how a request to a source stands. An answer that was read is kept a little longer, should the reply get lost.
-- KEYS[1] request  KEYS[2] workers that answer   ARGV[1] how long an answer is kept, ms
-- returns {'answered', answer} | {'waits'} | {'nobody'} answers | {'lost'} with its worker, or too late
local method, till, answer = unpack(redis.call('HMGET', KEYS[1], 'method', 'until', 'answer'))
if not method then return {'lost'} end
if answer then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return {'answered', answer}
end
if till then return {tonumber(till) < NOW and 'lost' or 'waits'} end
return {redis.call('ZCOUNT', KEYS[2], NOW, '+inf') == 0 and 'nobody' or 'waits'}
