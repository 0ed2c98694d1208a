-- Buckets in the manner of the generic cell rate algorithm. Each key holds the
-- time at which its bucket is full again, as "seconds:nanoseconds" of the clock
-- of Redis, and expires then. Within the script a bucket is its wait: how many
-- nanoseconds are left until then.
--
-- KEYS: the key of each ask; one key may be asked for more than once.
-- ARGV: "1" to spend or "0" to look only, then depth and cost of each ask. A
-- negative cost gives back.
-- Returns for each ask: 1 where it passes or 0, and the wait that it found.
-- Nothing is spent where one does not pass.
local time = redis.call('TIME')
local sec, ns = tonumber(time[1]), tonumber(time[2]) * 1000
local waits, changed, out, pass = {}, {}, {}, true

local function stored(key)
  local value = redis.call('GET', key)
  if not value then
    return 0
  end
  local s, n = string.match(value, '^(%d+):(%d+)$')
  if not s then
    return nil
  end
  return (tonumber(s) - sec) * 1e9 + (tonumber(n) - ns)
end

for i, key in ipairs(KEYS) do
  local depth, cost = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local wait = waits[key] or stored(key)
  if not wait then
    return redis.error_reply('ERR the value of a bucket is none')
  end
  -- More than empty it is where a limit was narrowed or the clock stepped back.
  wait = math.max(math.min(wait, depth), 0)
  local after = math.max(wait + cost, 0)
  local ok = cost <= depth and after <= depth
  out[2 * i - 1], out[2 * i] = ok and 1 or 0, wait
  if not ok then
    pass = false
  elseif cost ~= 0 then
    wait = after
    changed[key] = true
  end
  waits[key] = wait
end

if pass and ARGV[1] == '1' then
  for key in pairs(changed) do
    local wait = waits[key]
    if wait > 0 then
      local full = ns + wait
      redis.call('SET', key, string.format('%.0f:%.0f', sec + math.floor(full / 1e9), full % 1e9),
        'PX', string.format('%.0f', math.ceil(wait / 1e6)))
    else
      redis.call('DEL', key)
    end
  end
end
return out
