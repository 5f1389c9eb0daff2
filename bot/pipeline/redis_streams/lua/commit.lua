-- Save all effects of a turn, fenced by the lease and by who has the floor.
-- KEYS: lease, inbox, seen, tracker, base, chat, outbox, dead, floor, journal,
--       the mark of the handoff that gives the floor back (where one does)
-- ARGV: "<holder> <epoch>", group, entry id, length of the past, notices' channel,
--       conversation id, turn id, new base or "", why it failed or "", the raw entry (with a failure),
--       who had the floor when the turn began or "", who has it from now on or "",
--       seconds to keep the mark, the turn's record,
--       number of events, events..., number of utterances, utterances...,
--       number of messages to push, messages...
-- Returns: "lost" lease passed on | "again" was committed before | "floor" another one has it than
--          said | "moved" the past is not as long as said | "done". Only "done" has written anything.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
local pending = redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[3], ARGV[3], 1)
if #pending == 0 then return 'again' end
if (redis.call('GET', KEYS[9]) or '') ~= ARGV[11] then return 'floor' end
if redis.call('LLEN', KEYS[4]) ~= tonumber(ARGV[4]) then return 'moved' end

local at = 15
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
if ARGV[12] ~= ARGV[11] then
  if ARGV[12] == '' then redis.call('DEL', KEYS[9]) else redis.call('SET', KEYS[9], ARGV[12]) end
end
if KEYS[11] then redis.call('SET', KEYS[11], 1, 'EX', ARGV[13]) end
redis.call('XADD', KEYS[10], '*', 'm', ARGV[14])
local seen = redis.call('GET', KEYS[3])
if seen then
  redis.call('SET', KEYS[3], string.gsub(seen, ' 0$', ' 1'), 'KEEPTTL')
end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[5], cjson.encode({'answered', ARGV[6], ARGV[7]}))
return 'done'
