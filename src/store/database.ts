import { setTimeout } from 'node:timers/promises'
import {
  type Db,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoSystemError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'

export interface Database {
  client: MongoClient
  db: Db
  close(): Promise<void>
}

export interface DatabaseOptions {
  uri: string
  /** Aborted: gives up. Without it, or until then, it tries until MongoDB answers. */
  closing?: AbortSignal
  /** Told once that it waits. */
  log?: Logger
}

/**
 * Connects with the write concern that the whole product leans on (majority, journalled).
 *
 * A MongoClient 7.9 whose first connect finds no primary never recovers by itself, so the loop
 * lives here (counting.md, section 12). `timeoutMS` is ignored by this driver: the three timeouts
 * below are what bounds a call. The URI names the database; `getcomplical` where it names none (the
 * driver says `test` then).
 * @throws what `closing` was aborted with
 */
export async function connectDatabase({ uri, closing, log }: DatabaseOptions): Promise<Database> {
  const client = new MongoClient(uri, {
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    retryWrites: true,
    serverSelectionTimeoutMS: 2_000,
    socketTimeoutMS: 15_000,
    waitQueueTimeoutMS: 2_000,
    maxPoolSize: 20,
  })
  for (let told = false; ; told = true) {
    try {
      await client.connect()
      break
    } catch (error) {
      closing?.throwIfAborted()
      if (!told) log?.warn({ err: error }, 'waiting for MongoDB')
      await setTimeout(250)
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

/**
 * Does idempotent work of a start, again until MongoDB, which may come and go meanwhile, has answered.
 * @throws what `closing` was aborted with, and every error that is not MongoDB's absence
 */
export async function untilMongoAnswers(
  closing: AbortSignal,
  log: Logger,
  work: () => Promise<unknown> | unknown,
): Promise<void> {
  for (;;) {
    closing.throwIfAborted()
    try {
      await work()
      return
    } catch (error) {
      if (!(error instanceof MongoError) && !databaseAway(error)) throw error
      log.warn({ err: error }, 'waiting for MongoDB')
      await setTimeout(250)
    }
  }
}

const DUPLICATE_KEY = 11_000

/** Another document has the same id, or what only one may have. */
export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY
}

/** Codes of a member that is no primary, or is going: the specification of server discovery names them. */
const leaving = new Set<unknown>([91, 189, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436])
const closedNames = ['MongoWaitQueueTimeoutError', 'MongoPoolClosedError', 'MongoNotConnectedError']

/**
 * What a client may be told where MongoDB could not be reached or changed its primary; null: the error
 * is another. A socket that its other end has closed throws plain errors past the driver's own.
 */
export function databaseAway(error: unknown): ApiError | null {
  const away =
    error instanceof MongoNetworkError ||
    error instanceof MongoSystemError ||
    error instanceof MongoTopologyClosedError ||
    (error instanceof MongoError && closedNames.includes(error.name)) ||
    ((error instanceof MongoServerError || error instanceof MongoWriteConcernError) &&
      leaving.has(error.code)) ||
    (error instanceof Error && 'code' in error && ['EPIPE', 'ECONNRESET'].includes(`${error.code}`))
  if (!away) return null
  const message = 'The database does not answer right now. Try again in a moment.'
  return new ApiError('UNAVAILABLE', message, { retryAfter: 1, cause: error })
}
