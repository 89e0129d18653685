/** Waits between looks, any number at a time, that end early where something came or the process stops. */
export interface Pauses {
  wait(ms: number): Promise<void>
  /** Ends all that are waited for now; of those that ended by themselves nothing is left. */
  endAll(): void
}

export function createPauses(): Pauses {
  const waiting = new Set<() => void>()
  return {
    wait: (ms) =>
      new Promise((done) => {
        const end = () => {
          clearTimeout(timer)
          waiting.delete(end)
          done()
        }
        const timer = setTimeout(end, ms)
        waiting.add(end)
      }),
    endAll() {
      for (const end of waiting) end()
    },
  }
}
