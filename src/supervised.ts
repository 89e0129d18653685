/**
 * Stops a process whose supervisor is gone: it would keep its port and its leases for ever. Once stopped
 * it is killed outright, before the logger's own last words: nobody reads its output or its exit code any
 * more, and flushing to where nobody reads was seen to take up to half a minute.
 */
export function whenSupervisorGoes(stop: (reason: string) => void): void {
  process.once('disconnect', () => {
    process.prependOnceListener('exit', () => process.kill(process.pid, 'SIGKILL'))
    stop('the supervisor is gone')
  })
}
