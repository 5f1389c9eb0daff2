-- Note until when a customer has been shown, or has read, what was sent.
-- KEYS: contact     ARGV: channel, "delivered" or "read", until (seconds)
if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ':sender') == 0 then return 0 end
local field = ARGV[1] .. ':' .. ARGV[2]
local before = tonumber(redis.call('HGET', KEYS[1], field))
if before and before >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], field, ARGV[3])
return 1
