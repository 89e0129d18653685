import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import {
  type Announcement,
  checkAnnouncement,
  demandNews,
} from '../../../src/rules/tax/check-announcement.ts'
import type { AnnouncedChange } from '../../../src/rules/tax/tax-date-change.ts'
import { change } from './announced.ts'
import { fromRules } from './shipped-data.ts'

const rules = fromRules
const source = { name: 'ATO', url: 'https://www.ato.gov.au/floods', read: '2026-11-22' }
const right: Announcement = {
  obligationId: 'au-bas-q-self',
  periodEnd: '2026-12-31',
  dueDate: '2027-03-15',
  reason: 'Postponed after the floods',
  source,
}
const check = (changed: Partial<Announcement> = {}): AnnouncedChange =>
  checkAnnouncement(rules, { ...right, ...changed }, '2026-11-22')

function complaint(changed: Partial<Announcement>): string {
  try {
    check(changed)
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  return 'accepted'
}

describe('an announcement', () => {
  test('is completed: country, effect, and null for what is left out', () => {
    expect(check()).toEqual({
      country: 'AU',
      obligationId: 'au-bas-q-self',
      periodEnd: '2026-12-31',
      region: null,
      effect: 'MOVED',
      dueDate: '2027-03-15',
      appliesTo: null,
      reason: 'Postponed after the floods',
      source,
    })
  })

  test('loses the blanks around its texts', () => {
    const trimmed = check({
      reason: '  a reason ',
      appliesTo: ' growers\u00a0',
      source: { ...source, name: ' ATO ', url: ` ${source.url} ` },
    })
    expect(trimmed).toMatchObject({ reason: 'a reason', appliesTo: 'growers', source })
  })

  test('may be a notice about no obligation, of a country', () => {
    const notice = { obligationId: null, periodEnd: null, country: 'AU', region: 'AU-QLD' }
    expect(check(notice)).toMatchObject({ country: 'AU', obligationId: null, region: 'AU-QLD' })
  })

  test('about an obligation of one region names that region', () => {
    const regional = { obligationId: 'au-vic-payroll-m', periodEnd: '2026-12-31' }
    expect(check({ ...regional, dueDate: '2027-01-20' }).region).toBe('AU-VIC')
    expect(check({ ...regional, dueDate: '2027-01-20', region: 'AU-VIC' }).region).toBe('AU-VIC')
  })

  test.each<[string, Partial<Announcement>, RegExp]>([
    [
      'an unknown obligation',
      { obligationId: 'au-nothing' },
      /^obligationId: au-nothing is unknown/,
    ],
    [
      'a name of every object',
      { obligationId: '__proto__' },
      /^obligationId: __proto__ is unknown/,
    ],
    [
      'an obligation of another country',
      { country: 'US' },
      /^obligationId: .* not an obligation of US/,
    ],
    ['a country that is none', { country: 'XX' }, /^country: XX is unknown/],
    [
      'neither country nor obligation',
      { obligationId: null, periodEnd: null },
      /^country: is needed/,
    ],
    ['a period without obligation', { country: 'AU', obligationId: null }, /^periodEnd: belongs/],
    [
      'an obligation counted from events',
      { obligationId: 'au-payday-super' },
      /^obligationId: .* counted from each/,
    ],
    ['no period', { periodEnd: null }, /^periodEnd: is needed/],
    [
      'a period that the rule does not have',
      { periodEnd: '2026-11-30' },
      /^periodEnd: .* has no date for a period that ends on 2026-11-30/,
    ],
    ['a period far in the past', { periodEnd: '1999-12-31' }, /^periodEnd: /],
    ['a region of another country', { region: 'US-CA' }, /^region: US-CA is not/],
    [
      'a region where the obligation is not',
      { obligationId: 'au-vic-payroll-m', region: 'AU-NSW' },
      /^region: .* AU-VIC alone/,
    ],
    ['a move without a day', { dueDate: null }, /^dueDate: is needed with MOVED/],
    [
      'a withdrawal with a day',
      { effect: 'WITHDRAWN' },
      /^dueDate: belongs to MOVED, not to WITHDRAWN/,
    ],
    [
      'a restoration with a day',
      { effect: 'RESTORED' },
      /^dueDate: belongs to MOVED, not to RESTORED/,
    ],
    ['a day that does not exist', { dueDate: '2027-02-29' }, /^dueDate: 2027-02-29 is not a date/],
    [
      'a year that is not covered',
      { dueDate: '2062-03-15' },
      /^dueDate: .* outside the years covered/,
    ],
    [
      'a day many years off',
      { dueDate: '2034-03-15' },
      /^dueDate 2034-03-15 lies more than three years/,
    ],
    ['no reason', { reason: ' ' }, /^reason: must have 1 to 500/],
    ['a long reason', { reason: 'x'.repeat(501) }, /^reason: must have 1 to 500/],
    ['a reason of two lines', { reason: 'one\r\ntwo' }, /^reason: must not hold control/],
    ['a reason read backwards', { reason: 'x\u202eyz' }, /^reason: must not hold control/],
    ['an empty appliesTo', { appliesTo: '' }, /^appliesTo: must have 1 to 500/],
    ['no source name', { source: { ...source, name: '' } }, /^source\.name: must have/],
    [
      'an unsafe address',
      { source: { ...source, url: 'http://www.ato.gov.au' } },
      /^source\.url: must be/,
    ],
    [
      'a script for an address',
      { source: { ...source, url: 'javascript:alert(1)' } },
      /^source\.url: must be/,
    ],
    [
      'an address with a password',
      { source: { ...source, url: 'https://a:b@ato.gov.au' } },
      /^source\.url: must be/,
    ],
    [
      'an address with a blank',
      { source: { ...source, url: 'https://ato.gov.au/a b' } },
      /^source\.url: must be/,
    ],
    [
      'a day of reading that is none',
      { source: { ...source, read: '2026-13-01' } },
      /^source\.readOn: .* not a date/,
    ],
    [
      'a day of reading to come',
      { source: { ...source, read: '2026-11-23' } },
      /^source\.readOn: .* future/,
    ],
  ])('is refused with %s', (_name, changed, message) => {
    expect(complaint(changed)).toMatch(message)
  })

  test('with 500 characters of any kind is taken', () => {
    expect(complaint({ reason: '🌊'.repeat(500) })).toBe('accepted')
  })
})

describe('what is announced', () => {
  const moved = change({ ...check(), id: '1', effect: 'MOVED' })
  const restored = { ...moved, id: '9', effect: 'RESTORED' as const, dueDate: null }
  const announcing = (announced: AnnouncedChange, ...earlier: Parameters<typeof demandNews>[1]) =>
    expect(() => demandNews(announced, earlier))

  test('again is refused, and says which change holds', () => {
    announcing(moved, moved).toThrow(/change 1 says the same/)
    announcing(restored, moved, restored).toThrow(/change 9 says the same/)
  })

  test.each<[string, Partial<AnnouncedChange>]>([
    ['another day', { dueDate: '2027-03-16' }],
    ['another reason', { reason: 'still the floods' }],
    ['another source', { source: { ...source, url: 'https://www.ato.gov.au/news' } }],
    ['another region', { region: 'AU-QLD' }],
    ['some only', { appliesTo: 'growers' }],
    ['another period', { periodEnd: '2026-09-30' }],
  ])('with %s is news', (_name, changed) => {
    announcing({ ...moved, ...changed }, moved).not.toThrow()
  })

  test('again is news once something else holds', () => {
    announcing(moved, moved, restored).not.toThrow()
    announcing(moved, moved, { ...moved, id: '2', dueDate: '2027-04-01' }).not.toThrow()
  })

  test('for some only holds beside what else is announced to them', () => {
    const forSome = { ...moved, appliesTo: 'growers' }
    announcing(forSome, forSome, { ...forSome, id: '2', reason: 'and more' }).toThrow(/change 1/)
  })

  test('can be restored only where something is announced', () => {
    announcing(restored, moved).not.toThrow()
    announcing(restored).toThrow(/^effect: nothing/)
    announcing(restored, { ...moved, region: 'AU-QLD' }).toThrow(/^effect: nothing/)
    announcing({ ...restored, reason: 'another' }, moved, restored).toThrow(/^effect: nothing/)
  })
})
