-- Store a message once: the mark, the inbox entry, the transcript's line, and who was heard where.
-- KEYS: seen, inbox, chat, contact
-- ARGV: seconds to remember, message, utterance, notices' channel, conversation id, partition,
--       channel, sender, when it was written (seconds)
-- Returns: entry id, cursor, 1 where it had been accepted before
local before = redis.call('GET', KEYS[1])
if before then
  local entry, cursor = string.match(before, '^(%S+) (%S+)')
  return {entry, cursor, 1}
end
local entry = redis.call('XADD', KEYS[2], '*', 'm', ARGV[2])
local cursor = redis.call('XADD', KEYS[3], '*', 'u', ARGV[3], 't', ARGV[6] .. '-' .. entry)
redis.call('SET', KEYS[1], entry .. ' ' .. cursor .. ' 0', 'EX', ARGV[1])

-- One that comes late, out of order, is not where somebody was heard last.
local function heard(channel)
  return channel and tonumber(redis.call('HGET', KEYS[4], channel .. ':heard')) or 0
end
local at = tonumber(ARGV[9])
if at >= heard(ARGV[7]) then
  redis.call('HSET', KEYS[4], ARGV[7] .. ':sender', ARGV[8], ARGV[7] .. ':heard', ARGV[9])
end
local last = redis.call('HGET', KEYS[4], 'last')
if at >= heard(last) then redis.call('HSET', KEYS[4], 'last', ARGV[7]) end

redis.call('PUBLISH', ARGV[4], cjson.encode({'said', ARGV[5], ARGV[6] .. '-' .. entry}))
return {entry, cursor, 0}
