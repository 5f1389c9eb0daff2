-- A call is about to be made, by the holder of the lease alone.
-- KEYS: delivery, lease, counts
-- ARGV: "<holder> <epoch>", the call's number, channel, seconds to keep it, the try's name or ""
-- Returns: "lost" lease passed on | "sent" the platform took it meanwhile | "begun"
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'lost' end
if redis.call('HEXISTS', KEYS[1], 'sent:' .. ARGV[2]) == 1 then return 'sent' end
local begun = redis.call('HGET', KEYS[1], 'begun') == ARGV[2]
if begun and ARGV[5] ~= '' and redis.call('HGET', KEYS[1], 'attempt') == ARGV[5] then
  return 'begun'
end
if begun then
  redis.call('HINCRBY', KEYS[3], ARGV[3] .. ':possibly_twice', 1)
end
if redis.call('HINCRBY', KEYS[1], 'tries:' .. ARGV[2], 1) > 1 then
  redis.call('HINCRBY', KEYS[3], ARGV[3] .. ':retries', 1)
end
redis.call('HSET', KEYS[1], 'begun', ARGV[2], 'attempt', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 'begun'
