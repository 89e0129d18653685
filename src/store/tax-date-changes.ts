import type { ClientSession, Collection, Db, Filter } from 'mongodb'
import { DAY } from '../rules/calendar-time.ts'
import { toEpochDay } from '../rules/tax/calendar-date.ts'
import type { CountryTaxData, TaxData } from '../rules/tax/tax-data.ts'
import {
  type AnnouncedChange,
  inOrderOfEntry,
  type ShippedChange,
  type TaxDateChange,
} from '../rules/tax/tax-date-change.ts'

/**
 * A change that was announced. Only ever inserted: what was wrong is taken back by a later one.
 * Ids are counted up without a gap, and the order of ids is the order of commits: who has read up to an
 * id has read everything below it.
 */
export interface TaxDateChangeDoc extends AnnouncedChange {
  _id: number
  /** Never earlier than that of the id below, whatever the clocks of API processes say. */
  enteredAt: Date
  /** `data`, `admin`, or the id of the account whose token carried the admin claim. */
  enteredBy: string
  /** Of those that come with the data; unique. */
  shippedKey?: string
}

interface CounterDoc {
  _id: string
  /** Id given last. */
  last: number
  /** Time of the newest entry. */
  at: Date
}

const COUNTER = 'taxDateChanges'

const snapshot = { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } } as const

export function taxDateChanges(db: Db): Collection<TaxDateChangeDoc> {
  return db.collection('taxDateChanges')
}

function counters(db: Db): Collection<CounterDoc> {
  return db.collection('counters')
}

/** Idempotent; called at start by every process, before it enters anything. */
export async function ensureTaxDateChanges(db: Db): Promise<void> {
  await taxDateChanges(db).createIndex(
    { shippedKey: 1 },
    { unique: true, partialFilterExpression: { shippedKey: { $exists: true } } },
  )
  await counters(db).updateOne(
    { _id: COUNTER },
    { $setOnInsert: { last: 0, at: new Date(0) } },
    { upsert: true },
  )
}

/** Those above an id, in the order of entry. */
export async function readTaxDateChanges(db: Db, after: number): Promise<TaxDateChange[]> {
  const found = taxDateChanges(db).find({ _id: { $gt: after } }, { sort: { _id: 1 } })
  return (await found.toArray()).map(recordOf)
}

/** What is to be entered; without a time of its own it is entered now. */
export type NewTaxDateChange = {
  readonly announced: AnnouncedChange
  readonly enteredBy: string
  readonly shippedKey?: string
  readonly enteredAt?: number
}

/** @param isFirst the database holds no change at all */
type Choose = (held: readonly TaxDateChangeDoc[], isFirst: boolean) => readonly NewTaxDateChange[]

/**
 * Enters changes after a look at those that are there, in one transaction: whoever enters something
 * raises the same counter, so that of two at the same time one waits, and looks again.
 * @param choose what to enter, knowing what `wanted` found; called again after a conflict, and what it
 *   throws ends the transaction
 * @returns what `wanted` found and what was entered, in the order of entry
 */
async function enter(
  db: Db,
  clock: () => number,
  wanted: Filter<TaxDateChangeDoc>,
  choose: Choose,
): Promise<TaxDateChangeDoc[]> {
  return await db.client.withSession((session) =>
    session.withTransaction(async () => {
      const held = await taxDateChanges(db)
        .find(wanted, { session, sort: { _id: 1 } })
        .toArray()
      const counter = await counters(db).findOne({ _id: COUNTER }, { session })
      if (counter === null) throw new Error('the counter of changes is gone')
      const chosen = choose(held, counter.last === 0)
      if (chosen.length === 0) return held
      const docs = numbered(chosen, counter, clock())
      await raise(db, counter, docs, session)
      await taxDateChanges(db).insertMany(docs, { session })
      return [...held, ...docs]
    }, snapshot),
  )
}

function numbered(
  chosen: readonly NewTaxDateChange[],
  counter: CounterDoc,
  now: number,
): TaxDateChangeDoc[] {
  let at = counter.at.getTime()
  return chosen.map(({ announced, enteredAt = now, enteredBy, shippedKey }, index) => {
    at = Math.max(at, Math.min(enteredAt, now))
    const own = {
      enteredAt: new Date(at),
      enteredBy,
      ...(shippedKey !== undefined && { shippedKey }),
    }
    return { _id: counter.last + 1 + index, ...announced, ...own }
  })
}

/** The write on which two transactions conflict. */
async function raise(
  db: Db,
  counter: CounterDoc,
  docs: readonly TaxDateChangeDoc[],
  session: ClientSession,
): Promise<void> {
  const newest = docs.at(-1)
  if (newest === undefined) return
  await counters(db).updateOne(
    { _id: COUNTER, last: counter.last },
    { $set: { last: newest._id, at: newest.enteredAt } },
    { session },
  )
}

/**
 * @param knownTo the highest id that the caller knows
 * @param choose sees what was entered above it
 * @returns what the caller did not know yet, and last the new one
 */
export async function enterTaxDateChange(
  db: Db,
  clock: () => number,
  knownTo: number,
  choose: (missed: readonly TaxDateChange[]) => NewTaxDateChange,
): Promise<TaxDateChange[]> {
  const found = await enter(db, clock, { _id: { $gt: knownTo } }, (held) => [
    choose(held.map(recordOf)),
  ])
  return found.map(recordOf)
}

/**
 * Enters those of the changes that come with the data which the database does not hold. Idempotent, also
 * for several processes at once. In a database that holds no change at all they keep their day; later ones
 * get now, because what the API said before is not rewritten.
 */
export async function enterShippedChanges(
  db: Db,
  clock: () => number,
  data: TaxData,
): Promise<void> {
  const shipped = [...data.countries.values()].flatMap((country) =>
    country.shippedChanges.map((change) => ({
      ...change,
      region: change.region ?? regionOf(country, change),
    })),
  )
  await enter(db, clock, { shippedKey: { $exists: true } }, (held, isFirst) => {
    const keys = new Set(held.map(({ shippedKey }) => shippedKey))
    return inOrderOfEntry(shipped)
      .filter(({ key }) => !keys.has(key))
      .map(({ key, entered, ...announced }) => ({
        announced,
        enteredBy: 'data',
        shippedKey: key,
        ...(isFirst && { enteredAt: toEpochDay(entered) * DAY }),
      }))
  })
}

/** An obligation of one region has it in all its changes. */
function regionOf({ rules }: CountryTaxData, { obligationId }: ShippedChange): string | null {
  return obligationId === null ? null : (rules.get(obligationId)?.region ?? null)
}

function recordOf({
  _id,
  enteredAt,
  enteredBy: _by,
  shippedKey: _key,
  ...announced
}: TaxDateChangeDoc) {
  return { ...announced, id: String(_id), enteredAt: enteredAt.getTime() }
}
