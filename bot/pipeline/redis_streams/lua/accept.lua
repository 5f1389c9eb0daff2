-- Store a message once: the mark, the inbox entry and the transcript's line.
-- KEYS: seen, inbox, chat
-- ARGV: seconds to remember, message, utterance, notices' channel, conversation id, partition
-- Returns: entry id, cursor, 1 where it had been accepted before
local before = redis.call('GET', KEYS[1])
if before then
  local entry, cursor = string.match(before, '^(%S+) (%S+)')
  return {entry, cursor, 1}
end
local entry = redis.call('XADD', KEYS[2], '*', 'm', ARGV[2])
local cursor = redis.call('XADD', KEYS[3], '*', 'u', ARGV[3], 't', ARGV[6] .. '-' .. entry)
redis.call('SET', KEYS[1], entry .. ' ' .. cursor .. ' 0', 'EX', ARGV[1])
redis.call('PUBLISH', ARGV[4], cjson.encode({'said', ARGV[5], ARGV[6] .. '-' .. entry}))
return {entry, cursor, 0}
