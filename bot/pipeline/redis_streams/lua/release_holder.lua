-- Free the lease of a process that is known to be dead, whatever its epoch.
-- KEYS: lease     ARGV: holder     Returns: 1, or 0 where it was not its
local value = redis.call('GET', KEYS[1])
if not value or string.match(value, '^(%S+)') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
