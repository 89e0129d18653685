/**
 * Work that never runs twice at the same time. A call that comes meanwhile is answered by a run that
 * begins after it, shared by all that came: whoever calls learns of what was there when he called.
 */
export function oneAtATime<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined
  let next: Promise<Result> | undefined

  function call(): Promise<Result> {
    if (running === undefined) {
      running = work().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return call()
      })
    return next
  }
  return call
}
