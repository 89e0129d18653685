import { describe, expect, test } from 'vitest'
import { calendarText } from '../../src/rest/calendar-text.ts'
import { checkedFeedChoice } from '../../src/rules/tax/feed-choice.ts'
import { feedEntries } from '../../src/rules/tax/ical-entries.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'
import { icalProblems } from './ical-rules.ts'

const data = fromRules

describe('the check of a feed', () => {
  const good = calendarText(
    'Dates',
    feedEntries(
      createTaxHistory(data, () => 0),
      checkedFeedChoice(data, { countries: ['GB'], obligationIds: ['gb-vat'] }),
      '2025-12-01',
    ),
  )

  test.each<[string, (body: string) => string]>([
    ['a line of 76 octets', (body) => body.replace(/^(SUMMARY:).*$/m, `$1${'x'.repeat(68)}`)],
    ['a line that ends with LF', (body) => body.replace('\r\n', '\n')],
    ['no line end at the end', (body) => body.slice(0, -2)],
    ['a folded character', (body) => body.replace('SUMMARY:', 'SUMMARY:\xe9\r\n \x00')],
    ['a uid twice', (body) => body.replace(/UID:.*\r/g, 'UID:same\r')],
    ['no uid', (body) => body.replace(/UID:.*\r\n/, '')],
    ['two uids', (body) => body.replace(/(UID:.*\r\n)/, '$1$1')],
    ['an unescaped comma', (body) => body.replace('SUMMARY:', 'SUMMARY:a, b')],
    ['a day that is none', (body) => body.replace(/DTSTART;VALUE=DATE:\d{6}/, '$&9')],
    [
      'an event that ends as it starts',
      (body) => body.replace(/(DTSTART;VALUE=DATE:)\d+/, '$19999'),
    ],
    ['a local stamp', (body) => body.replace(/(DTSTAMP:.*)Z/, '$1')],
    ['a property after an alarm', (body) => body.replace('END:VEVENT', 'STATUS:CONFIRMED\r\n$&')],
    [
      'an alarm without words',
      (body) => body.replace(/(ACTION:DISPLAY\r\n)DESCRIPTION.*\r\n/, '$1'),
    ],
    ['a blank in an address', (body) => body.replace('URL:', 'URL: ')],
    ['no component', (body) => body.replace(/BEGIN:VEVENT[\s\S]*END:VEVENT\r\n/, '')],
    ['a status that is none', (body) => body.replace('STATUS:CONFIRMED', 'STATUS:DONE')],
  ])('finds %s', (_name, broken) => {
    expect(icalProblems(good)).toEqual([])
    expect(icalProblems(broken(good))).not.toEqual([])
  })
})
