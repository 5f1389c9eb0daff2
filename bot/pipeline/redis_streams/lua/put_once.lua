-- Put an entry into a queue, once.
-- KEYS: once, queue     ARGV: seconds to remember, entry     Returns: 1, or 0 where it had been put
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], '*', 'm', ARGV[2])
return 1
