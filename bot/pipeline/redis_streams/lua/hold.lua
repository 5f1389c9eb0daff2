-- Let nothing be called for a while; never shortens an earlier hold.
-- KEYS: held     ARGV: milliseconds
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
end
