import { type Db, MongoClient, MongoTopologyClosedError } from 'mongodb'

export interface Database {
  client: MongoClient
  db: Db
  close(): Promise<void>
}

export interface DatabaseOptions {
  uri: string
  /** Called before each wait between two tries; throw from it to give up. */
  onRetry?: (error: unknown) => void
}

/**
 * Connects with the write concern that the whole product leans on (majority, journalled).
 *
 * A MongoClient 7.9 whose first connect finds no primary never recovers by itself, so the loop
 * lives here (counting.md, section 12). `timeoutMS` is ignored by this driver: the three timeouts
 * below are what bounds a call. The URI names the database; `getcomplical` where it names none.
 */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  const client = new MongoClient(options.uri, {
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    retryWrites: true,
    serverSelectionTimeoutMS: 2_000,
    socketTimeoutMS: 15_000,
    waitQueueTimeoutMS: 2_000,
    maxPoolSize: 20,
  })
  for (;;) {
    try {
      await client.connect()
      break
    } catch (error) {
      options.onRetry?.(error)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
  const named = client.options.dbName
  return {
    client,
    db: client.db(named === 'test' || !named ? 'getcomplical' : named),
    close: () => client.close(),
  }
}

/**
 * For whoever goes on after an error: a client whose topology was closed under it never opens by
 * itself. Never rejects; the next command tells.
 */
export async function reopenIfClosed(db: Db, error: unknown): Promise<void> {
  if (error instanceof MongoTopologyClosedError) await db.client.connect().catch(() => {})
}
