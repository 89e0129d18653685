import type { ClientSession, Db } from 'mongodb'
import { accounts } from './accounts.ts'
import type { BillingNotice } from './billing-notices.ts'
import { ensureOwnAddress, ownAddressId } from './channels.ts'
import { DELIVERIES_KEPT_MS, type DeliveryDoc, deliveries } from './deliveries.ts'
import type { Encryption } from './encryption.ts'

/**
 * A mail to the account's own address about something of billing, into the same outbox as alerts. What
 * channels filter and whether they are enabled is a matter of alerts: who owes money is told.
 */
export async function writeBillingMail(
  db: Db,
  encryption: Pick<Encryption, 'encrypt'>,
  { _id: noticeId, accountId, at }: Pick<BillingNotice, '_id' | 'accountId' | 'at'>,
  session: ClientSession,
): Promise<void> {
  const account = await accounts(db).findOne({ _id: accountId }, { session })
  if (!account?.email) return
  await ensureOwnAddress(db, account, encryption.encrypt, session)
  const channelId = ownAddressId(accountId)
  const delivery: DeliveryDoc = {
    _id: `${noticeId}:${channelId}`,
    ...{ accountId, channelId },
    event: { kind: 'billing', noticeId },
    ...{ status: 'PENDING', attempts: [], dueAt: at, createdAt: at, deliveredAt: null },
    expiresAt: new Date(at.getTime() + DELIVERIES_KEPT_MS),
  }
  await deliveries(db).insertOne(delivery, { session })
}
