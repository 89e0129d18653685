import type { Db } from 'mongodb'
import { DAY } from '../../src/rules/calendar-time.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { channels } from '../../src/store/channels.ts'
import type { Demo } from '../flows/npm-start.ts'
import { plantUsage } from '../planted-usage.ts'
import { raise } from '../raised-alerts.ts'

/** A name as only somebody gives it who means harm: markup, a turn of the direction of writing, and 200 characters. */
export const hostileName = `<img src=x onerror="window.harmed=1">\u202e\u0627${'W'.repeat(161)}`

export const blockedBecause = 'Payments have failed for longer than the days of grace.'

/** Two months of usage, an unusual day among them, and a key that its payments keep from being served. */
export async function plantAccount(db: Db, { accountId, apiKeyId }: Demo, now: number) {
  const key = { accountId, apiKeyId }
  const days = Array.from({ length: 60 }, (_, ago) => now - ago * DAY)
  await plantUsage(
    db,
    days.flatMap((at, ago) => [
      { ...key, at, tier: 'pro', units: 1_000 + 10 * ago, failed: 1 },
      { ...key, at, tier: 'pro', units: 234, endpoint: 'obligations', hour: false },
    ]),
  )
  const unusual = { level: 'ANOMALY', message: 'five times the usual calls' } as const
  await raise(db, key, unusual, { now: now - 3 * DAY })
  await apiKeys(db).updateOne({ _id: apiKeyId }, { $set: { blockedBecause } })
  await raise(db, key, { message: 'has reached 80 % of its limit' }, { now })
}

/** As an account may stand there from before names were checked. */
export async function plantHostileNames(db: Db, { accountId, apiKeyId }: Demo): Promise<void> {
  const rename = { $set: { name: hostileName } }
  await accounts(db).updateOne({ _id: accountId }, rename)
  await apiKeys(db).updateOne({ _id: apiKeyId }, rename)
  await channels(db).updateMany({ accountId }, rename)
}
