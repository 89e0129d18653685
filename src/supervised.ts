/** Ends the process with this code at once; Node's own `process.exit` calls it last. */
type ReallyExit = { reallyExit(code: number): never }

/**
 * Longer than a stop in order takes while its servers are there. They may be going as well: then nothing is
 * gained by waiting for them, and nothing lost by ending, for that is what a kill does.
 */
const STOP_WITHIN_MS = 10_000

/**
 * Stops a process whose supervisor is gone: it would keep its port and its leases for ever. Once stopped
 * it ends before the logger's own last words: nobody reads its output any more, and flushing to where
 * nobody reads was seen to take up to half a minute.
 */
export function whenSupervisorGoes(stop: (reason: string) => void): void {
  const end = (code: number) => (process as unknown as ReallyExit).reallyExit(code)
  process.once('disconnect', () => {
    process.prependOnceListener('exit', end)
    setTimeout(end, STOP_WITHIN_MS, 1)
    stop('the supervisor is gone')
  })
}
