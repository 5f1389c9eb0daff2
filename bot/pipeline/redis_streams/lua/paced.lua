-- A call is over, or is not to be made after all.
-- KEYS: each rate's calls     ARGV: ticket
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
for _, calls in ipairs(KEYS) do
  redis.call('ZREM', calls, 'w' .. ARGV[1])
  if redis.call('ZREM', calls, 'o' .. ARGV[1]) == 1 then
    redis.call('ZADD', calls, now, 'e' .. ARGV[1] .. '@' .. now)
  end
end
