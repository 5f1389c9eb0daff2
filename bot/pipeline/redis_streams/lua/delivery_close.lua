-- Count how a delivery ended, once for its outbox entry.
-- KEYS: delivery, counts
-- ARGV: channel, outcome, when its answer was there (milliseconds), 1 where it goes to the dead
--       letters, bounds of the times that are told apart (seconds)...
local again = redis.call('HSETNX', KEYS[1], 'outcome', ARGV[2]) == 0
-- Closed again too: the sender that had closed it was gone before its entry was a dead letter.
if ARGV[4] == '1' then redis.call('PERSIST', KEYS[1]) end
if again then return 0 end
redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':outcome:' .. ARGV[2], 1)
if ARGV[2] == 'delivered' then
  local time = redis.call('TIME')
  local seconds = math.max(0, time[1] + time[2] / 1000000 - ARGV[3] / 1000)
  local bucket = #ARGV - 4
  for i = #ARGV, 5, -1 do
    if seconds <= tonumber(ARGV[i]) then bucket = i - 5 end
  end
  redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':within:' .. bucket, 1)
  redis.call('HINCRBYFLOAT', KEYS[2], ARGV[1] .. ':seconds', string.format('%.6f', seconds))
end
return 1
