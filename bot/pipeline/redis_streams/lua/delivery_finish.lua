-- What became of a call: taken by the platform, or certainly not.
-- KEYS: delivery
-- ARGV: the call's number, "taken" | "confirmed" | "refused", the platform's id as JSON,
--       seconds to keep it
-- `confirmed` comes from outside, so it changes nothing where there is no such delivery, and where
-- the call is known to be taken already.
if ARGV[2] == 'confirmed' then
  if redis.call('HEXISTS', KEYS[1], 'entry') == 0 then return 0 end
  if redis.call('HEXISTS', KEYS[1], 'tries:' .. ARGV[1]) == 0 then return 0 end
  local known = redis.call('HGET', KEYS[1], 'sent:' .. ARGV[1])
  if known and known ~= 'null' then return 0 end
end
if redis.call('HGET', KEYS[1], 'begun') == ARGV[1] then redis.call('HDEL', KEYS[1], 'begun') end
if ARGV[2] ~= 'refused' then redis.call('HSET', KEYS[1], 'sent:' .. ARGV[1], ARGV[3]) end
if ARGV[2] ~= 'confirmed' then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
return 1
