import type { Db } from 'mongodb'
import { monthName } from '../src/rules/calendar-time.ts'
import { type AlertDoc, alerts } from '../src/store/alerts.ts'
import { type NewAlert, type RaiseOptions, raiseAlert } from '../src/store/raise-alert.ts'
import { untilResolves } from './until.ts'

let raised = 0

/** An alert unlike every other; its key must be there. */
export function newAlert(
  key: { accountId: string; apiKeyId: string },
  more: Partial<NewAlert> = {},
): NewAlert {
  raised += 1
  const month = monthName(Date.now())
  return {
    ...{ _id: `${key.apiKeyId}:${month}:WARNING:${raised}`, ...key, level: 'WARNING', month },
    ...{ used: 800, monthlyLimit: 1_000, percent: 80 },
    message: `alert ${raised}`,
    ...more,
  }
}

/** Raises it as the scan does: again, where too many others raised for its account at the same time. */
export async function raise(
  db: Db,
  key: { accountId: string; apiKeyId: string },
  more: Partial<NewAlert> = {},
  options: RaiseOptions & { now?: number } = {},
): Promise<AlertDoc> {
  const { now = Date.now(), ...rest } = options
  const wanted = newAlert(key, more)
  await untilResolves(() => raiseAlert(db, wanted, rest, now))
  const alert = await alerts(db).findOne({ _id: wanted._id, message: wanted.message })
  if (!alert) throw new Error('another was raised before')
  return alert
}
