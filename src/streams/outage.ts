import type { Logger } from '../log.ts'

/** Tells of something that fails again and again: one line when it begins, and one when it is over. */
export interface Outage {
  begun(error: unknown): void
  over(): void
}

/** @param what is the matter, as both lines say it */
export function createOutage(log: Logger, what: string): Outage {
  let lasting = false
  return {
    begun(error) {
      if (!lasting) log.warn({ err: error }, what)
      lasting = true
    },
    over() {
      if (lasting) log.info(`over: ${what}`)
      lasting = false
    },
  }
}
