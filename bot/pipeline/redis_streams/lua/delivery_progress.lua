-- What is known of a message's delivery, and for how long its outbox entry has been tried.
-- KEYS: delivery     ARGV: entry id, seconds to keep it
-- Returns: milliseconds since the entry's first try, and all fields
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HGET', KEYS[1], 'entry') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'entry', ARGV[1], 'since', now)
  redis.call('HDEL', KEYS[1], 'outcome')
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {now - redis.call('HGET', KEYS[1], 'since'), redis.call('HGETALL', KEYS[1])}
