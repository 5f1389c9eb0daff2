-- May a call be made now? Else when: the first moment at which no window of any of its rates holds
-- more calls than allowed, those that are under way and those promised to others included.
-- KEYS: for each rate: its calls, and what exists while its key is held
-- ARGV: ticket, most that a call takes from its beginning to the platform (lag), most that a call
--       may last at all, how far ahead a moment is promised, then for each rate: count, window.
--       All times in microseconds.
-- Returns: microseconds until then, microseconds until nothing is held. 0, 0: make it now.
-- A rate's calls are a sorted set of `o<ticket>` under way, by when it began; `e<ticket>@<time>`
-- over, by when it ended; `w<ticket>` waiting, by the moment promised to it. What is under way or
-- over is what the rates are about. Promises only order those who wait: when one falls due, somewhat
-- late as it must be, those to others do not count, or all would push each other on and on.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local ticket, lag, longest, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stale = 1000000

-- Lua writes numbers with 14 digits, these have 16.
local function digits(number) return string.format('%.0f', number) end

local promised = tonumber(redis.call('ZSCORE', KEYS[1], 'w' .. ticket) or math.huge)
local due = promised <= now
local at, held = now, 0
local closed = {}
for i = 1, #KEYS, 2 do
  local calls, count = KEYS[i], tonumber(ARGV[i + 4])
  local spread = tonumber(ARGV[i + 5]) + lag
  held = math.max(held, redis.call('PTTL', KEYS[i + 1]) * 1000)
  redis.call('ZREM', calls, 'w' .. ticket)
  -- Each call as the moment from which a whole `spread` must pass.
  local points = {}
  local found = redis.call('ZRANGE', calls, 0, -1, 'WITHSCORES')
  for j = 1, #found, 2 do
    local member, point = found[j], tonumber(found[j + 1])
    local state = string.sub(member, 1, 1)
    if state == 'o' and string.sub(member, 2) == ticket then
      -- Who made this call last is gone, so it is over: nothing more of it can be on its way.
      redis.call('ZREM', calls, member)
      member, point = 'e' .. ticket .. '@' .. digits(now), now - lag
      redis.call('ZADD', calls, digits(now), member)
    elseif state == 'o' then
      -- It may arrive at any time until it is over, or until it can't be under way any more.
      local arrived = math.min(now, point + longest)
      point = math.max(arrived - lag, point)
    elseif state == 'e' then
      point = point - lag
    elseif point < now - stale then
      -- Who was promised this moment has not come: it is gone.
      point = now - spread
    end
    if point > now + stale + (state == 'w' and ahead or 0) then
      -- The clock was set back, or another server's is behind.
      point = now - spread
    end
    if point + spread <= now then
      redis.call('ZREM', calls, member)
    elseif not (due and state == 'w') then
      points[#points + 1] = point
    end
  end
  table.sort(points)
  for j = 1, #points - count + 1 do
    local first, last = points[j], points[j + count - 1]
    if last - first < spread then closed[#closed + 1] = {last - spread, first + spread} end
  end
end

at = at + held
local moved
repeat
  moved = false
  for _, span in ipairs(closed) do
    if span[1] < at and at < span[2] then at, moved = span[2], true end
  end
until not moved

local member = (at == now and 'o' or 'w') .. ticket
if at - now <= ahead then
  for i = 1, #KEYS, 2 do
    redis.call('ZADD', KEYS[i], digits(at), member)
    -- Longer than anything in it is of interest.
    local kept = (ahead + longest + 2 * lag + 2 * tonumber(ARGV[i + 5])) / 1000 + 60000
    redis.call('PEXPIRE', KEYS[i], digits(math.ceil(kept)))
  end
end
return {at - now, held}
