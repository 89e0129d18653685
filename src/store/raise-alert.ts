import { setTimeout } from 'node:timers/promises'
import { type ClientSession, type Db, type Filter, MongoError } from 'mongodb'
import type { QuotaAlert, ThresholdsTold } from '../rules/threshold.ts'
import { wantedBy } from '../rules/wanted-by.ts'
import { accounts } from './accounts.ts'
import { type AlertDoc, alertCounters, alerts } from './alerts.ts'
import { type ApiKeyDoc, apiKeys } from './api-keys.ts'
import { type ChannelDoc, channels, ensureOwnAddress, ownAddressId } from './channels.ts'
import { isDuplicateKey } from './database.ts'
import { DELIVERIES_KEPT_MS, type DeliveryDoc, deliveries } from './deliveries.ts'
import type { Encryption } from './encryption.ts'

/** What is told; the rest of an AlertDoc is decided while it is raised. */
export type NewAlert = Pick<
  AlertDoc,
  | '_id'
  | 'accountId'
  | 'apiKeyId'
  | 'level'
  | 'month'
  | 'used'
  | 'monthlyLimit'
  | 'percent'
  | 'message'
>

/** What stands on the key from then on; one of the two. */
export type ToldNote = { quotaAlert: QuotaAlert } | { thresholdsTold: ThresholdsTold }

/** What goes with the alert, in the same transaction. */
export interface RaiseOptions {
  /** Levels that this alert has passed: never raised later, shown nowhere. */
  passed?: readonly Pick<AlertDoc, '_id' | 'level' | 'percent'>[]
  note?: ToldNote
  /** For accounts from before there were channels, whose own address becomes one; absent: they have none. */
  encrypt?: Encryption['encrypt']
  /** Of its own where it is left out. */
  session?: ClientSession
}

/** Scanners that raise for one account at the same time conflict, and each but one begins anew. */
const ATTEMPTS = 10

/**
 * Raises an alert once, whoever else tries: its `_id` decides. One transaction: the account's next number,
 * the alert, marks for the levels passed, what stands on the key, and a delivery for each channel that
 * wants it (none where the key is muted).
 * @returns null where it was raised before, or its key is revoked
 * @throws what MongoDB throws; whether it was raised is then told by trying again
 */
export async function raiseAlert(
  db: Db,
  alert: NewAlert,
  options: RaiseOptions,
  now: number,
): Promise<AlertDoc | null> {
  const known = await alerts(db).findOne({ _id: alert._id }, { projection: { _id: 1 } })
  if (known) {
    await noteOnKey(db, alert.apiKeyId, options.note)
    return null
  }
  const session = options.session ?? db.client.startSession()
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await raiseOnce(db, alert, options, now, session)
      } catch (error) {
        const again =
          error instanceof MongoError && error.hasErrorLabel('TransientTransactionError')
        if (!again || attempt === ATTEMPTS) throw error
        await setTimeout(Math.random() * 10 * 2 ** Math.min(attempt, 5))
      }
    }
  } finally {
    if (session !== options.session) await session.endSession()
  }
}

async function raiseOnce(
  db: Db,
  alert: NewAlert,
  options: RaiseOptions,
  now: number,
  session: ClientSession,
): Promise<AlertDoc | null> {
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } })
  try {
    const raised = await writeAlert(db, alert, options, now, session)
    if (raised) await session.commitTransaction()
    else await session.abortTransaction()
    return raised
  } catch (error) {
    await session.abortTransaction().catch(() => {})
    if (!isRaisedBefore(error, alert)) throw error
    await noteOnKey(db, alert.apiKeyId, options.note)
    return null
  }
}

async function writeAlert(
  db: Db,
  alert: NewAlert,
  { passed = [], note, encrypt }: RaiseOptions,
  now: number,
  session: ClientSession,
): Promise<AlertDoc | null> {
  const live = { _id: alert.apiKeyId, revokedAt: null }
  const key = note
    ? await apiKeys(db).findOneAndUpdate(live, { $set: note }, { session })
    : await apiKeys(db).findOne(live, { session })
  if (!key) return null
  const counted = await alertCounters(db).findOneAndUpdate(
    { _id: alert.accountId },
    { $inc: { sequence: passed.length + 1 } },
    { upsert: true, returnDocument: 'after', session },
  )
  const last = counted?.sequence ?? 0
  const at = new Date(now)
  const muted = !key.alertsEnabled || (key.alertsSnoozedUntil?.getTime() ?? 0) > now
  const raised: AlertDoc = {
    ...alert,
    ...{ sequence: last, raisedAt: at, muted, passed: false },
    ...{ acknowledgedAt: null, unpublishedSince: at },
  }
  await alerts(db).insertOne(raised, { session })
  for (const [index, mark] of passed.entries()) {
    const sequence = last - passed.length + index
    const { _id, ...fields } = { ...raised, ...mark, sequence, passed: true }
    await alerts(db).updateOne(
      { _id },
      { $setOnInsert: { ...fields, unpublishedSince: null } },
      { upsert: true, session },
    )
  }
  if (!muted) {
    const all = await channelsOf(db, alert.accountId, encrypt, session)
    await writeDeliveries(db, raised, all, session)
  }
  return raised
}

async function channelsOf(
  db: Db,
  accountId: string,
  encrypt: Encryption['encrypt'] | undefined,
  session: ClientSession,
): Promise<ChannelDoc[]> {
  const all = await channels(db).find({ accountId }, { session }).toArray()
  if (!encrypt || all.some(({ _id }) => _id === ownAddressId(accountId))) return all
  const account = await accounts(db).findOne({ _id: accountId }, { session })
  if (!account) return all
  await ensureOwnAddress(db, account, encrypt, session)
  return await channels(db).find({ accountId }, { session }).toArray()
}

async function writeDeliveries(
  db: Db,
  alert: AlertDoc,
  all: readonly ChannelDoc[],
  session: ClientSession,
): Promise<void> {
  const at = alert.raisedAt
  const made = wantedBy(all, alert).map(
    (channel): DeliveryDoc => ({
      _id: `${alert._id}:${channel._id}`,
      ...{ accountId: alert.accountId, channelId: channel._id },
      event: { kind: 'alert', alertId: alert._id },
      ...{ status: 'PENDING', attempts: [], dueAt: at, createdAt: at, deliveredAt: null },
      expiresAt: new Date(at.getTime() + DELIVERIES_KEPT_MS),
    }),
  )
  if (made.length > 0) await deliveries(db).insertMany(made, { session })
}

/** By this id alone: any other double is a fault, and taken for this the alert would be lost without a word. */
function isRaisedBefore(error: unknown, { _id }: NewAlert): boolean {
  return isDuplicateKey(error) && error.keyValue?._id === _id
}

/**
 * After a return to an old limit, or where another scanner came first: without it every scan would try
 * again. It never takes a level back that another scanner has written meanwhile.
 */
async function noteOnKey(db: Db, _id: string, note: ToldNote | undefined): Promise<void> {
  if (!note) return
  await apiKeys(db).updateOne({ _id, ...isOlder(note) }, { $set: note })
}

function isOlder(note: ToldNote): Filter<ApiKeyDoc> {
  if ('thresholdsTold' in note) return {}
  const { month, monthlyLimit, percent } = note.quotaAlert
  return {
    $or: [
      { 'quotaAlert.month': { $ne: month } },
      { 'quotaAlert.monthlyLimit': { $ne: monthlyLimit } },
      { 'quotaAlert.percent': { $lt: percent } },
    ],
  }
}
