-- Give the floor to a handoff. One that has given it back gets it no more: whoever still wants to
-- give it to that one is late.
-- KEYS: floor, ended     ARGV: handoff     Returns: 1, or 0 where it does not have it
local holder = redis.call('GET', KEYS[1])
if holder then return holder == ARGV[1] and 1 or 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
