import type { Caller, Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { CallerChange, CallerResolver } from './credentials.ts'

export interface CredentialWatch {
  /**
   * Watches the credentials behind something long-lived.
   * @param onRefused called once, when they are refused; the watch has then ended
   * @returns ends the watch
   */
  watch(entrance: Entrance, caller: Caller, onRefused: (error: ApiError) => void): () => void
  stop(): void
}

export interface CredentialWatchOptions {
  callers: CallerResolver
  /** ms since the epoch */
  clock: () => number
  /** How long a check is believed without a change being reported. */
  recheckMs?: number
}

interface Watched {
  entrance: Entrance
  caller: Caller
  checkedAt: number
  onRefused: (error: ApiError) => void
}

/**
 * Open sockets and streams outlive the check of their credentials: a key is revoked, a token expires.
 * Each is resolved again when a change concerns it (revocation: within a second), at its own expiry,
 * and every minute. One timer for all, so that ten thousand idle sockets cost one loop a second.
 */
export function createCredentialWatch(options: CredentialWatchOptions): CredentialWatch {
  const { callers, clock, recheckMs = 60_000 } = options
  const all = new Set<Watched>()

  async function check(watched: Watched): Promise<void> {
    watched.checkedAt = clock()
    try {
      watched.caller = await callers.resolveCaller(
        watched.entrance.credentials,
        watched.entrance.ip,
      )
    } catch (error) {
      // Not knowing is no reason to cut a customer off: only a judgement is.
      if (!(error instanceof ApiError) || transient.has(error.code)) return
      if (all.delete(watched)) watched.onRefused(error)
    }
  }

  const unsubscribe = callers.onChange((change) => {
    for (const watched of all) {
      if (concerns(change, watched.caller)) void check(watched)
    }
  })
  const timer = setInterval(() => {
    const now = clock()
    for (const watched of all) {
      const until = watched.caller.kind === 'anonymous' ? undefined : watched.caller.validUntil
      if (now - watched.checkedAt >= recheckMs || (until !== undefined && until <= now)) {
        void check(watched)
      }
    }
  }, 1_000)
  timer.unref()

  return {
    watch(entrance, caller, onRefused) {
      // Nothing can be taken from a caller without credentials.
      if (caller.kind === 'anonymous') return () => {}
      const watched = { entrance, caller, checkedAt: clock(), onRefused }
      all.add(watched)
      return () => all.delete(watched)
    },
    stop() {
      unsubscribe()
      clearInterval(timer)
      all.clear()
    },
  }
}

const transient: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RATE_LIMITED'])

function concerns({ apiKeyId, accountId }: CallerChange, caller: Caller): boolean {
  if (caller.kind === 'anonymous') return false
  if (apiKeyId === undefined && accountId === undefined) return true
  if (caller.kind === 'admin' || caller.kind === 'newcomer') return false
  const key = caller.kind === 'apiKey' ? caller.apiKey : caller.payer
  return (apiKeyId !== undefined && key?._id === apiKeyId) || caller.account._id === accountId
}
