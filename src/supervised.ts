/** Ends the process with this code at once; Node's own `process.exit` calls it last. */
type ReallyExit = { reallyExit(code: number): never }

/**
 * Stops a process whose supervisor is gone: it would keep its port and its leases for ever. Once stopped
 * it ends before the logger's own last words: nobody reads its output any more, and flushing to where
 * nobody reads was seen to take up to half a minute.
 */
export function whenSupervisorGoes(stop: (reason: string) => void): void {
  process.once('disconnect', () => {
    process.prependOnceListener('exit', (code) => {
      ;(process as unknown as ReallyExit).reallyExit(code)
    })
    stop('the supervisor is gone')
  })
}
