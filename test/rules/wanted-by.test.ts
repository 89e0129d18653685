import { expect, test } from 'vitest'
import { ALERT_LEVELS } from '../../src/rules/alert.ts'
import { type ChannelWish, wantedBy } from '../../src/rules/wanted-by.ts'

const all: ChannelWish = { enabled: true, levels: null, apiKeyIds: null }
const warning = { level: 'WARNING', apiKeyId: 'key_a' } as const

test.each<[string, Partial<ChannelWish>, boolean]>([
  ['every level and key', {}, true],
  ['this level', { levels: ['ANOMALY', 'WARNING'] }, true],
  ['other levels', { levels: ['ANOMALY'] }, false],
  ['no level at all', { levels: [] }, false],
  ['this key', { apiKeyIds: ['key_b', 'key_a'] }, true],
  ['other keys', { apiKeyIds: ['key_b'] }, false],
  ['no key at all', { apiKeyIds: [] }, false],
  ['this level of another key', { levels: ['WARNING'], apiKeyIds: ['key_b'] }, false],
  ['this key at another level', { levels: ['ANOMALY'], apiKeyIds: ['key_a'] }, false],
  ['everything, but is disabled', { enabled: false }, false],
])('a channel that wants %s', (_name, wish, wanted) => {
  expect(wantedBy([{ ...all, ...wish }], warning)).toHaveLength(wanted ? 1 : 0)
})

test('a channel without a filter wants every level', () => {
  for (const level of ALERT_LEVELS) expect(wantedBy([all], { ...warning, level })).toEqual([all])
})

test('of several channels those that want it are left, in their order', () => {
  const [a, b, c] = [all, { ...all, enabled: false }, { ...all, levels: ['WARNING' as const] }]
  expect(wantedBy([a, b, c], warning)).toEqual([a, c])
})
