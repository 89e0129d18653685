import { script } from './redis-script.ts'

/**
 * The quota counter of one API key is a hash `quota:{tag}:<apiKeyId>`:
 *
 *   <month>  units reserved in that UTC month ('2026-11'), this month's and at most the last one's
 *   tat      the rate bucket: the instant at which it will be full again, µs on Redis' clock,
 *            counted from `epoch` below so that doubles keep fractions of a microsecond
 *
 * A counter is created by `raiseCounters` alone, which also sets its expiry; `reserveUnits` answers
 * "missing" and leaves it to the caller to find out what it should start from. All keys of one call
 * carry one hash tag, as Redis Cluster demands.
 */

/** What `reserveUnits` answers for an operation that it did not grant. */
export const missing = 1
export const overQuota = 2
export const overRate = 3

/**
 * Every operation is granted whole or not at all; one that is refused takes neither units nor a
 * token. Quota is tested first: a second's wait helps nobody whose month is used up.
 *
 * The bucket holds one second's worth of operations and is kept as a "theoretical arrival time"
 * (GCRA, ITU-T I.371): one number in place of level and time. Redis' clock, not the caller's: the
 * clocks of two API processes differ. The microsecond on top absorbs the rounding of doubles.
 *
 * KEYS[i]           counter of operation i; a key may stand there more than once
 * ARGV[1]           month, '2026-11'
 * ARGV[3i-1 .. +2]  units; hard limit or -1; µs a token, 1e6 / operations per second
 * Returns one entry per operation: units used after it (granted), or {code, units used}.
 */
export const reserveUnits = script(`
local epoch = 1700000000
local month, now = ARGV[1], redis.call('TIME')
now = (now[1] - epoch) * 1000000 + now[2]
local out, a = {}, 2
for i = 1, #KEYS do
  local state = redis.call('HMGET', KEYS[i], month, 'tat')
  local used = tonumber(state[1])
  if not used then
    out[i] = {${missing}, 0}
  else
    local after, limit, token = used + ARGV[a], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
    local tat = math.max(tonumber(state[2]) or 0, now) + token
    if limit >= 0 and after > limit then
      out[i] = {${overQuota}, used}
    elseif tat - now > math.max(1000000, token) + 1 then
      out[i] = {${overRate}, used}
    else
      redis.call('HSET', KEYS[i], month, after, 'tat', tat)
      out[i] = after
    end
  end
  a = a + 3
end
return out`)

/**
 * Lifts counters to what is known to be used, never lowers them, and creates those that are missing:
 * so it may be repeated, and its callers may race. A counter lives for a week after its month; of
 * older months only the last is kept, for API processes whose clocks are behind.
 *
 * KEYS[i]    counter i
 * ARGV[1]    month; ARGV[2] the month before; ARGV[3] seconds that the counter has to live
 * ARGV[3+i]  units known to be used
 * Returns nil.
 */
export const raiseCounters = script(`
local month = ARGV[1]
for i = 1, #KEYS do
  local used, floor = tonumber(redis.call('HGET', KEYS[i], month)), tonumber(ARGV[3 + i])
  if not used then
    for _, field in ipairs(redis.call('HKEYS', KEYS[i])) do
      if field ~= 'tat' and field < ARGV[2] then redis.call('HDEL', KEYS[i], field) end
    end
    redis.call('HSET', KEYS[i], month, floor)
    if redis.call('TTL', KEYS[i]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[i], ARGV[3]) end
  elseif used < floor then
    redis.call('HSET', KEYS[i], month, floor)
  end
end
return nil`)

/**
 * Takes back what was reserved and not billed, never below 0; a counter that is gone stays gone.
 *
 * KEYS[i]           counter i
 * ARGV[2i-1, 2i]    month, units
 * Returns nil.
 */
export const giveBackUnits = script(`
for i = 1, #KEYS do
  local month = ARGV[2 * i - 1]
  local used = tonumber(redis.call('HGET', KEYS[i], month))
  if used then redis.call('HSET', KEYS[i], month, math.max(0, used - ARGV[2 * i])) end
end
return nil`)
