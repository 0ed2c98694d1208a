-- Buckets in the manner of the generic cell rate algorithm. Each key holds the
-- time at which its bucket is full again, as "seconds:nanoseconds" of the clock
-- of Redis, and expires then. Within the script a bucket is its wait: how many
-- nanoseconds are left until then.
--
-- KEYS: the key of each ask; one key may be asked for more than once.
-- ARGV: "1" to spend, "0" to look only or "2" to charge, then depth and cost of
-- each ask. A negative cost gives back.
-- Returns for each ask: 1 where it passes or 0, and the wait that it found.
-- Nothing is spent where one does not pass. What is charged is spent whatever
-- is there: a bucket whose wait is beyond its depth owes, and has a "d" behind
-- its value.
local time = redis.call('TIME')
local sec, ns = tonumber(time[1]), tonumber(time[2]) * 1000
local charging = ARGV[1] == '2'
local most = 2 ^ 61
local waits, owed, changed, out, pass = {}, {}, {}, {}, true

local function stored(key)
  local value = redis.call('GET', key)
  if not value then
    return 0
  end
  local s, n, debt = string.match(value, '^(%d+):(%d+)(d?)$')
  if not s then
    return nil
  end
  owed[key] = debt == 'd'
  return (tonumber(s) - sec) * 1e9 + (tonumber(n) - ns)
end

for i, key in ipairs(KEYS) do
  local depth, cost = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local wait = waits[key] or stored(key)
  if not wait then
    return redis.error_reply('ERR the value of a bucket is none')
  end
  -- Where it does not owe, it is more than empty because a limit was narrowed
  -- or the clock stepped back.
  if not owed[key] then
    wait = math.min(wait, depth)
  end
  wait = math.max(wait, 0)
  local after = math.min(math.max(wait + cost, 0), most)
  local ok = cost <= depth and after <= depth
  out[2 * i - 1], out[2 * i] = ok and 1 or 0, wait
  if not ok and not charging then
    pass = false
  elseif cost ~= 0 then
    wait = after
    owed[key] = charging and after > depth
    changed[key] = true
  end
  waits[key] = wait
end

if pass and ARGV[1] ~= '0' then
  for key in pairs(changed) do
    local wait = waits[key]
    if wait > 0 then
      local full = ns + wait
      redis.call('SET', key, string.format('%.0f:%.0f', sec + math.floor(full / 1e9), full % 1e9) .. (owed[key] and 'd' or ''),
        'PX', string.format('%.0f', math.ceil(wait / 1e6)))
    else
      redis.call('DEL', key)
    end
  end
end
return out
