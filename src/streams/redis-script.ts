import { createHash } from 'node:crypto'
import type { RedisClient } from './redis.ts'

/** A Lua script and what Redis knows it by. */
export interface Script {
  lua: string
  sha: string
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** Runs by hash; a node that does not know the script (restarted, flushed, new) is sent the text. */
export async function runScript(
  redis: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await redis.eval(lua, keys.length, ...keys, ...args)
  }
}
