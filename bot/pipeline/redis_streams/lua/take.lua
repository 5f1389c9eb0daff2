-- Read new entries, each partition only under its valid lease: a process that lost one unnoticed
-- gets nothing of it, so no entry can be stranded with it.
-- KEYS: lease, queue, lease, queue, ...
-- ARGV: group, holder, most entries, "<holder> <epoch>" of each lease
-- Returns: the entries as {number of its lease (from 0), id, body, ...}
local room = tonumber(ARGV[3])
local flat = {}
for i = 1, #KEYS / 2 do
  if room <= 0 then break end
  if redis.call('GET', KEYS[2 * i - 1]) == ARGV[3 + i] then
    local reply = redis.call(
      'XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', room, 'STREAMS', KEYS[2 * i], '>')
    if reply then
      for _, entry in ipairs(reply[1][2]) do
        flat[#flat + 1] = i - 1
        flat[#flat + 1] = entry[1]
        flat[#flat + 1] = entry[2][2]
        room = room - 1
      end
    end
  end
end
return flat
