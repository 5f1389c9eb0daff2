-- Put a dead letter back at the end of the queue it came from.
-- KEYS: dead, inbox, outbox, journal     ARGV: dead letter's id     Returns: 1, or 0 where there is none
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if #found == 0 then return 0 end
local fields = {}
for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
local queues = {inbox = KEYS[2], outbox = KEYS[3], journal = KEYS[4]}
redis.call('XADD', queues[fields['from']], '*', 'm', fields['m'])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
