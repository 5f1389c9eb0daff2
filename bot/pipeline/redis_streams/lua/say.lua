-- Say something for the desk, once, as long as its handoff has the floor.
-- KEYS: once, floor, chat, outbox, journal
-- ARGV: handoff, seconds to remember, utterance, turn id, message to push or "", journal entry,
--       notices' channel, conversation id
-- Returns: its cursor, or "no_floor"; then nothing was written
local before = redis.call('GET', KEYS[1])
if before then return before end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'no_floor' end
local cursor = redis.call('XADD', KEYS[3], '*', 'u', ARGV[3], 't', ARGV[4])
if ARGV[5] ~= '' then redis.call('XADD', KEYS[4], '*', 'm', ARGV[5]) end
redis.call('XADD', KEYS[5], '*', 'm', ARGV[6])
redis.call('SET', KEYS[1], cursor, 'EX', ARGV[2])
redis.call('PUBLISH', ARGV[7], cjson.encode({'said', ARGV[8], ARGV[4]}))
return cursor
