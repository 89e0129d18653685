/** Work of which one run at a time is under way. */
export interface SharedRun<Result> {
  /** Begins a run; who asks while one is under way gets what that one comes to. */
  run(): Promise<Result>
  /** Settles, and never rejects, once none is under way. */
  ended(): Promise<void>
}

export function shareRun<Result>(work: () => Promise<Result>): SharedRun<Result> {
  let running: Promise<Result> | null = null
  return {
    run() {
      running ??= work().finally(() => {
        running = null
      })
      return running
    },
    async ended() {
      await running?.catch(() => {})
    },
  }
}
