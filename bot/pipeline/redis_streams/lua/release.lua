-- KEYS: lease     ARGV: "<holder> <epoch>"     Returns: 1, or 0 where it was not ours
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
