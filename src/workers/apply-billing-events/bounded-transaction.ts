import type { ClientSession } from 'mongodb'

/** Others write the same documents again and again: not the fault of what was to be written. */
export class StillBusy extends Error {
  override readonly name = 'StillBusy'
  constructor() {
    super('others write the same subscription or key all the time')
  }
}

/** Below the lease of an event. */
const PATIENCE_MS = 5_000

/**
 * The driver tries a transaction that conflicts with others anew for two minutes. Here it gives way before, so
 * that what waits behind it goes on: a worker that died in its transaction holds its locks for up to a minute.
 * @param work may run again: nothing but writes in the session
 * @throws StillBusy, or what `work` and MongoDB throw
 */
export async function boundedTransaction(
  session: ClientSession,
  work: () => Promise<void>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const begun = performance.now()
  await session.withTransaction(async () => {
    if (performance.now() - begun > patienceMs) throw new StillBusy()
    await work()
  })
}
