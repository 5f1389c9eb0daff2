-- Save all effects of a turn, fenced by the lease.
-- KEYS: lease, inbox, seen, tracker, base, chat, outbox, dead
-- ARGV: "<holder> <epoch>", group, entry id, length of the past, notices' channel,
--       conversation id, turn id, new base or "", why it failed or "", the raw entry (with a failure),
--       number of events, events..., number of utterances, utterances...,
--       number of messages to push, messages...
-- Returns: "lost" lease passed on | "moved" the past is not as long as said | "again" was
--          committed before | "done". Only "done" has written anything.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
local pending = redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[3], ARGV[3], 1)
if #pending == 0 then return 'again' end
if redis.call('LLEN', KEYS[4]) ~= tonumber(ARGV[4]) then return 'moved' end

local at = 11
local function each(write)
  local count = tonumber(ARGV[at])
  for i = at + 1, at + count do write(ARGV[i]) end
  at = at + count + 1
end
each(function(event) redis.call('RPUSH', KEYS[4], event) end)
each(function(utterance) redis.call('XADD', KEYS[6], '*', 'u', utterance, 't', ARGV[7]) end)
each(function(message) redis.call('XADD', KEYS[7], '*', 'm', message) end)

if ARGV[8] ~= '' then redis.call('SET', KEYS[5], ARGV[8]) end
if ARGV[9] ~= '' then
  redis.call('XADD', KEYS[8], '*', 'm', ARGV[10], 'why', ARGV[9], 'from', 'inbox')
end
local seen = redis.call('GET', KEYS[3])
if seen then
  redis.call('SET', KEYS[3], string.gsub(seen, ' 0$', ' 1'), 'KEEPTTL')
end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[5], cjson.encode({'answered', ARGV[6], ARGV[7]}))
return 'done'
