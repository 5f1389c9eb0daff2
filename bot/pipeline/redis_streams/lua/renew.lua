-- KEYS: lease     ARGV: "<holder> <epoch>", milliseconds     Returns: 1, or 0 where it is lost
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
