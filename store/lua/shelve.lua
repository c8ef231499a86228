-- shelve notes that an attempt is about to put objects into the blob store: whoever forgets the task deletes them first.
-- KEYS[12] the shard's tasks with objects there   ARGV[2] attempt  ARGV[3] token
-- returns {'held', answers so far} | {'ended'} | {'lost'}
if not known() then return {'lost'} end
if ended() then return {'ended'} end
if not held(ARGV[2], ARGV[3]) then return {'lost'} end
redis.call('SADD', KEYS[12], ID)
return {'held', num('answered')}
