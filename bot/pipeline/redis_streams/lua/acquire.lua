-- Take a free lease.
-- KEYS: lease, epoch     ARGV: holder, milliseconds
-- Returns: the lease's epoch, or 0 where somebody holds it
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. epoch, 'PX', ARGV[2])
return epoch
