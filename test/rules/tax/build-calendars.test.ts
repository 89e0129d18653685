import { describe, expect, test } from 'vitest'
import { buildCalendars } from '../../../src/rules/tax/build-calendars.ts'
import { toEpochDay } from '../../../src/rules/tax/calendar-date.ts'

describe('calendars', () => {
  const covers = { from: '2026-01-01', to: '2026-12-31' }
  const source = { name: 'gazette', url: 'https://example.org/', read: '2026-11-22' }

  test('a union has the holidays of all members and tells where each is one', () => {
    const problems: string[] = []
    const built = buildCalendars(
      {
        ANY: { name: 'anywhere', inAll: 'everywhere', unionOf: ['AU-WA', 'AU-NT'] },
        'AU-WA': {
          name: 'Western Australia',
          covers,
          holidays: { '2026-03-02': 'Labour Day', '2026-12-25': 'Christmas Day' },
        },
        'AU-NT': {
          name: 'Northern Territory',
          covers: { from: '2026-01-01', to: '2026-06-30' },
          corrections: [{ date: '2026-03-02', holiday: 'Show Day', source }],
          holidays: { '2026-12-25': 'Christmas Day' },
        },
      },
      problems,
    )
    const any = built.get('ANY')
    expect(problems).toEqual([])
    const labourDay = any?.holidays.get(toEpochDay('2026-03-02'))
    expect(labourDay?.name).toBe('Labour Day (WA) / Show Day (NT)')
    const christmas = any?.holidays.get(toEpochDay('2026-12-25'))
    expect(christmas?.name).toBe('Christmas Day (everywhere)')
    expect(any?.covers?.to).toBe(toEpochDay('2026-06-30'))
    const northern = built.get('AU-NT')?.holidays.get(toEpochDay('2026-03-02'))
    expect(northern?.name).toBe('Show Day (Northern Territory)')
  })

  test('that cannot be built are named', () => {
    const problems: string[] = []
    buildCalendars(
      {
        ANY: { name: 'anywhere', inAll: 'everywhere', unionOf: ['AU-WA', 'AU-XX'] },
        'AU-WA': { name: 'Western Australia', holidays: { '2026-03-02': 'Labour Day' } },
      },
      problems,
    )
    expect(problems.join('\n')).toMatch(/calendar ANY: unionOf/)
    expect(problems.join('\n')).toMatch(/calendar AU-WA: .*covers/)
  })
})
