/**
 * Turns for work that would go on and on without ever waiting for anything: one is given in each round of
 * the event loop, first come first served, so that everything else goes on between two of them.
 */
export function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = []

  function give(): void {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(give)
  }

  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(give)
    })
}
