import { describe, expect, test } from 'vitest'
import { printInstant } from '../../src/rules/iso-time.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { admin, codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

const fields = 'alertThresholds { percent requests } alertsSnoozedUntil lastAlertLevel'
const set = `mutation ($id: ID!, $thresholds: [AlertThresholdInput!]!) {
  setAlertThresholds(apiKeyId: $id, thresholds: $thresholds) { ${fields} }
}`
const snooze = `mutation ($id: ID!, $until: DateTime) {
  snoozeAlerts(apiKeyId: $id, until: $until) { ${fields} }
}`
const id = 'key_own1'
const later = (ms: number) => new Date(now + ms).toISOString()

describe('setAlertThresholds', () => {
  test('puts them in place of those before, in order and once each', async () => {
    const thresholds = [{ requests: 400 }, { percent: 99.9 }, { percent: 50 }, { percent: 50 }]
    const { data } = await two.asked(owner, set, { id, thresholds })
    expect(data?.setAlertThresholds).toEqual({
      alertThresholds: [
        { percent: 50, requests: null },
        { percent: 99.9, requests: null },
        { percent: null, requests: 400 },
      ],
      ...{ alertsSnoozedUntil: null, lastAlertLevel: null },
    })
    const none = await two.asked(admin, set, { id, thresholds: [] })
    expect(none.data?.setAlertThresholds).toMatchObject({ alertThresholds: [] })
  })

  test.each([
    ['both in one', [{ percent: 5, requests: 5 }]],
    ['nothing in one', [{}]],
    ['1,001 %', [{ percent: 1_001 }]],
    ['more than twenty', Array.from({ length: 21 }, (_, n) => ({ percent: n + 1 }))],
  ])('refuses %s', async (_name, thresholds) => {
    expect(codeOf(await two.asked(owner, set, { id, thresholds }))).toBe('BAD_USER_INPUT')
    expect((await apiKeys(two.database.db).findOne({ _id: id }))?.alertThresholds).toBeUndefined()
  })
})

describe('snoozeAlerts', () => {
  test('holds until then, or until it is ended', async () => {
    const until = later(60_000)
    const begun = await two.asked(owner, snooze, { id, until })
    expect(begun.data?.snoozeAlerts).toMatchObject({
      alertsSnoozedUntil: printInstant(new Date(until)),
    })
    const ended = await two.asked(owner, snooze, { id, until: null })
    expect(ended.data?.snoozeAlerts).toMatchObject({ alertsSnoozedUntil: null })
  })

  test.each([
    ['now', 0],
    ['the past', -1],
    ['more than a year', 367 * 86_400_000],
  ])('refuses %s', async (_name, ms) => {
    expect(codeOf(await two.asked(owner, snooze, { id, until: later(ms) }))).toBe('BAD_USER_INPUT')
  })
})

test('the last level is that of this month and of the limit that the key has now', async () => {
  const keys = apiKeys(two.database.db)
  const month = new Date(now).toISOString().slice(0, 7)
  const level = async () => {
    const { data } = await two.asked(owner, set, { id, thresholds: [] })
    return data?.setAlertThresholds
  }
  const quotaAlert = { month, monthlyLimit: 1_000, level: 'CRITICAL' as const, percent: 95 }
  await keys.updateOne({ _id: id }, { $set: { quotaAlert } })
  expect(await level()).toMatchObject({ lastAlertLevel: 'CRITICAL' })
  await keys.updateOne({ _id: id }, { $set: { tier: 'starter' } })
  expect(await level()).toMatchObject({ lastAlertLevel: null })
  await keys.updateOne(
    { _id: id },
    { $set: { tier: 'free', quotaAlert: { ...quotaAlert, month: '2020-01' } } },
  )
  expect(await level()).toMatchObject({ lastAlertLevel: null })
})

describe('another account’s key is as unknown as none', () => {
  test.each([
    ['setAlertThresholds', set, { thresholds: [] }],
    ['snoozeAlerts', snooze, { until: null }],
  ])('%s', async (_name, mutation, more) => {
    expect(codeOf(await two.asked(owner, mutation, { id: 'key_other', ...more }))).toBe('NOT_FOUND')
    expect(codeOf(await two.asked(owner, mutation, { id: 'key_none', ...more }))).toBe('NOT_FOUND')
  })
})
