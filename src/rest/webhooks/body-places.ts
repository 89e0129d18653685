import { ApiError } from '../../errors.ts'

/** The reason of a cut. */
export class BodyTooSlow extends Error {
  override readonly name = 'BodyTooSlow'
  override readonly message = 'The body did not arrive in time.'
}

/** What one body has: given back in the end, whatever became of it. */
export interface Place {
  /** Aborted when it has not come within its time: read no further. */
  readonly cut: AbortSignal
  /** All of it has come: from here on nobody takes the place away. */
  isRead(): void
  giveBack(): void
}

/** A bound on bodies in memory; who finds no place waits for one, unread. */
export interface BodyPlaces {
  /**
   * @param isHere whether the whole body has come meanwhile: then it goes before those that are still coming
   * @throws ApiError UNAVAILABLE after too long a wait
   */
  take(isHere: () => boolean): Promise<Place>
}

export interface BodyPlacesOptions {
  places: number
  /** How long one waits for a place, ms. */
  patienceMs: number
  /** How long a body may take to come, ms. */
  readWithinMs: number
  /** The same where others wait for its place. */
  yieldAfterMs: number
}

interface Reading {
  since: number
  cut: AbortController
}

interface Waiting {
  isHere: () => boolean
  give: () => void
}

/**
 * Whoever sends a body drop by drop holds a place only as long as nobody else needs it: then the one that has
 * been coming for the longest is cut. Without that, as many slow connections as there are places would keep
 * every good event out.
 */
export function createBodyPlaces(options: BodyPlacesOptions): BodyPlaces {
  const { patienceMs, readWithinMs, yieldAfterMs } = options
  let free = options.places
  /** Oldest first. */
  const reading = new Set<Reading>()
  const waiting: Waiting[] = []
  let timer: NodeJS.Timeout | undefined

  function makePlace(): Place {
    const mine: Reading = { since: performance.now(), cut: new AbortController() }
    const tooSlow = setTimeout(() => mine.cut.abort(new BodyTooSlow()), readWithinMs)
    reading.add(mine)
    let given = false
    const isRead = () => {
      clearTimeout(tooSlow)
      reading.delete(mine)
    }
    return {
      cut: mine.cut.signal,
      isRead,
      giveBack() {
        isRead()
        if (given) return
        given = true
        const at = waiting.findIndex(({ isHere }) => isHere())
        const [next] = waiting.splice(Math.max(at, 0), 1)
        if (next) next.give()
        else free += 1
      },
    }
  }

  /** As many of the slowest as there are others waiting; the rest when their time has come. */
  function makeRoom(): void {
    clearTimeout(timer)
    timer = undefined
    let wanted = waiting.length
    for (const one of reading) {
      if (wanted === 0) return
      const left = one.since + yieldAfterMs - performance.now()
      if (left > 0) {
        timer = setTimeout(makeRoom, left)
        return
      }
      one.cut.abort(new BodyTooSlow())
      reading.delete(one)
      wanted -= 1
    }
  }

  return {
    async take(isHere) {
      if (free > 0) {
        free -= 1
        return makePlace()
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const mine: Waiting = { isHere, give: resolve }
      waiting.push(mine)
      const gaveUp = setTimeout(() => {
        const at = waiting.indexOf(mine)
        if (at < 0) return
        waiting.splice(at, 1)
        reject(new ApiError('UNAVAILABLE', 'Too many web hooks at once.', { retryAfter: 1 }))
      }, patienceMs)
      makeRoom()
      await promise.finally(() => clearTimeout(gaveUp))
      const place = makePlace()
      makeRoom()
      return place
    },
  }
}
