import { ApiError } from '../../errors.ts'

/** A bound on bodies in memory; who finds no place waits for one, unread. */
export interface BodyPlaces {
  /** Settles when there is a place: give it back. @throws ApiError UNAVAILABLE after too long a wait */
  take(): Promise<() => void>
}

export function createBodyPlaces(places: number, patienceMs: number): BodyPlaces {
  let free = places
  const waiting: (() => void)[] = []

  /** Hands the place on, at most once. */
  function giver(): () => void {
    let given = false
    return () => {
      if (given) return
      given = true
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }

  return {
    async take() {
      if (free > 0) {
        free -= 1
        return giver()
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push(resolve)
      const timer = setTimeout(() => {
        const at = waiting.indexOf(resolve)
        if (at < 0) return
        waiting.splice(at, 1)
        reject(new ApiError('UNAVAILABLE', 'Too many web hooks at once.', { retryAfter: 1 }))
      }, patienceMs)
      await promise.finally(() => clearTimeout(timer))
      return giver()
    },
  }
}
