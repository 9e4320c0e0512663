import { script } from "./redis-ask.ts";

/**
 * Each change is one script: it happens whole or not at all. All that can refuse it comes before its first write.
 *
 * A change whose answer was lost is asked again under the same request id, and then gets the answer of the first run: a script that had
 * an effect leaves its answer in `asked:<request id>` for a while. A script without effect leaves nothing: whatever it then finds is true.
 *
 * The message is sent first because a user without the right to PUBLISH fails there, before anything is written; Redis passes it on when
 * the script is over. All keys carry the same {tag}: Redis Cluster keeps them on one node.
 */
const KEPT_MS = 30_000; // a call lasts 3.5 s; the rest is for what lay in the buffers of a line that went dead

const keepAnswer = (key: string, value: string) => `redis.call("SET", ${key}, ${value}, "PX", ${KEPT_MS})`;

/** Files a job under what it is: `active` by id, `ended` by time. */
const FILE = `
  local function file(active, ended, id, ended_at)
    if ended_at == "" then
      redis.call("ZADD", active, 0, id)
      redis.call("ZREM", ended, id)
    else
      redis.call("ZREM", active, id)
      redis.call("ZADD", ended, ended_at, id)
    end
  end`;

/** Puts a job among those of its wallet ("": nobody's). `of`: how the keys of wallets begin; that of the wallet before is in the same slot. */
const OWN = `
  local function own(job, id, of, wallet)
    local was = redis.call("HGET", job, "wallet")
    if was and was ~= "" and was ~= wallet then redis.call("ZREM", of .. was, id) end
    if wallet ~= "" then redis.call("ZADD", of .. wallet, 0, id) end
    if was ~= wallet and (was or wallet ~= "") then redis.call("HSET", job, "wallet", wallet) end
  end`;

/**
 * KEYS asked, job, all, active, ended; ARGV channel, id, job, when it ended or "", how the keys of wallets begin, its wallet or "".
 * Gives 1, or 0 where the id is taken.
 */
export const INSERT = script(`${FILE}${OWN}
  if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
  if redis.call("EXISTS", KEYS[2]) == 1 then return 0 end
  redis.call("PUBLISH", ARGV[1], 1)
  redis.call("HSET", KEYS[2], "version", 1, "job", ARGV[3])
  redis.call("ZADD", KEYS[3], 0, ARGV[2])
  file(KEYS[4], KEYS[5], ARGV[2], ARGV[4])
  own(KEYS[2], ARGV[2], ARGV[5], ARGV[6])
  ${keepAnswer("KEYS[1]", "1")}
  return 1`);

/** As INSERT without `all`; ARGV[7]: the version that was read. Gives 1, or 0 where the job is at another version or gone. */
export const REPLACE = script(`${FILE}${OWN}
  if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
  if redis.call("HGET", KEYS[2], "version") ~= ARGV[7] then return 0 end
  redis.call("PUBLISH", ARGV[1], ARGV[7] + 1)
  redis.call("HSET", KEYS[2], "version", ARGV[7] + 1, "job", ARGV[3])
  file(KEYS[3], KEYS[4], ARGV[2], ARGV[4])
  own(KEYS[2], ARGV[2], ARGV[5], ARGV[6])
  ${keepAnswer("KEYS[1]", "1")}
  return 1`);

/** KEYS asked, job, all, active, ended; ARGV channel, id, how the keys of wallets begin. Gives 1, or 0 where there was none. */
export const REMOVE = script(`${OWN}
  if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
  if redis.call("EXISTS", KEYS[2]) == 0 then return 0 end
  redis.call("PUBLISH", ARGV[1], 0)
  own(KEYS[2], ARGV[2], ARGV[3], "")
  redis.call("DEL", KEYS[2])
  for index = 3, 5 do redis.call("ZREM", KEYS[index], ARGV[2]) end
  ${keepAnswer("KEYS[1]", "1")}
  return 1`);

/** KEYS asked, note; ARGV value, life in ms. Gives 1, or 0 where the key holds a note. */
export const REMEMBER = script(`
  if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
  if redis.call("EXISTS", KEYS[2]) == 1 then return 0 end
  redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
  ${keepAnswer("KEYS[1]", "1")}
  return 1`);

/** KEYS asked, note; ARGV value, life in ms. */
export const NOTE = script(`
  if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
  redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
  ${keepAnswer("KEYS[1]", "1")}
  return 1`);

/** KEYS asked, note. Gives the note or nil. */
export const TAKE = script(`
  local told = redis.call("GET", KEYS[1])
  if told then return told end
  local value = redis.call("GET", KEYS[2])
  if not value then return nil end
  redis.call("DEL", KEYS[2])
  ${keepAnswer("KEYS[1]", "value")}
  return value`);

/** KEYS a key of its own: a write that does nothing, refused where any other would be. */
export const PROBE = script(`redis.call("SET", KEYS[1], 1, "PX", 1000) return 1`);
