-- Acknowledge an entry without a turn: delivered, or moved to the dead letters.
-- KEYS: lease, queue, dead
-- ARGV: "<holder> <epoch>", group, entry id, role, why it is dead or "", the raw entry
-- Returns: "lost" | "again" | "done"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
if redis.call('XACK', KEYS[2], ARGV[2], ARGV[3]) == 0 then return 'again' end
redis.call('XDEL', KEYS[2], ARGV[3])
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[3], '*', 'm', ARGV[6], 'why', ARGV[5], 'from', ARGV[4])
end
return 'done'
