import { describe, expect, test } from 'vitest'
import { datesOf } from './shipped-data.ts'

const THEN = { from: '2019-01-01', to: '2023-12-31' }

/** The nationwide date of a period as it was due in those years. */
function dateOf(obligationId: string, periodEnd: string) {
  const periodEndMonths = [Number(periodEnd.slice(5, 7))]
  return datesOf(obligationId, { ...THEN, periodEndMonths }).find(
    ({ id }) => id === `${obligationId}:${periodEnd}`,
  )
}

describe('what an authority moved for everybody in 2019 to 2023', () => {
  test.each([
    // IRS Notice 2020-23: what was due from 1 April to 14 July 2020; Notice 2021-21: Form 1040 alone.
    ['us-1040', '2019-12-31', '2020-07-15'],
    ['us-1040-abroad', '2019-12-31', '2020-07-15'],
    ['us-1040es-1', '2020-12-31', '2020-07-15'],
    ['us-1040es-2', '2020-12-31', '2020-07-15'],
    ['us-1041', '2019-12-31', '2020-07-15'],
    ['us-1120', '2019-12-31', '2020-07-15'],
    ['us-1120es-1', '2020-12-31', '2020-07-15'],
    ['us-1120es-2', '2020-12-31', '2020-07-15'],
    ['us-990', '2019-12-31', '2020-07-15'],
    ['us-1040', '2020-12-31', '2021-05-17'],
    // CRA, 2020
    ['ca-t1', '2019-12-31', '2020-06-01'],
    ['ca-inst-2', '2020-12-31', '2020-09-30'],
    ['ca-inst-3', '2020-12-31', '2020-09-30'],
    ['ca-t3', '2019-12-31', '2020-05-01'],
    ['ca-t2', '2019-10-31', '2020-06-01'],
    ['ca-t2', '2019-12-31', '2020-09-01'],
    ['ca-t2-balance', '2020-01-31', '2020-09-30'],
    ['ca-t2-balance-ccpc', '2019-12-31', '2020-09-30'],
    ['ca-gst-a-ind-pay', '2019-12-31', '2020-06-30'],
    // CBDT and CBIC
    ['in-itr', '2019-03-31', '2019-08-31'],
    ['in-itr', '2020-03-31', '2021-01-10'],
    ['in-itr', '2021-03-31', '2021-12-31'],
    ['in-itr-audit', '2020-03-31', '2021-02-15'],
    ['in-itr-audit', '2021-03-31', '2022-03-15'],
    ['in-itr-audit', '2022-03-31', '2022-11-07'],
    ['in-tds-return', '2020-06-30', '2021-03-31'],
    ['in-gstr9', '2019-03-31', '2020-12-31'],
    ['in-gstr1', '2021-04-30', '2021-05-26'],
    // IRAS, ATO, Revenue NSW, IRD
    ['sg-ind-e', '2019-12-31', '2020-05-31'],
    ['sg-gst', '2020-03-31', '2020-05-11'],
    ['au-fbt-self', '2020-03-31', '2020-06-25'],
    ['au-nsw-payroll-a', '2020-06-30', '2020-10-30'],
    ['au-nsw-payroll-a', '2021-06-30', '2022-01-14'],
    // RevenueSA's own tables of 2018-19 to 2020-21
    ['au-sa-payroll-a', '2019-06-30', '2019-07-22'],
    ['au-sa-payroll-m', '2019-12-31', '2020-01-14'],
    ['au-sa-payroll-a', '2020-06-30', '2020-08-14'],
    ['au-sa-payroll-m', '2020-07-31', '2020-08-14'],
    ['au-sa-payroll-m', '2020-12-31', '2021-01-14'],
    ['hk-pt-d', '2021-12-31', '2022-09-30'],
    ['hk-pt-m', '2023-03-31', '2023-11-29'],
  ])('%s for %s was due on %s', (obligationId, periodEnd, dueDate) => {
    expect(dateOf(obligationId, periodEnd)).toMatchObject({ dueDate })
    expect(dateOf(obligationId, periodEnd)?.movedBy).toMatchObject([{ kind: 'CHANGE' }])
  })
})

describe('what stayed when all around it moved', () => {
  test.each([
    // Due before April 2020, after 14 July 2020, or not among the forms of the notice.
    ['us-1065', '2019-12-31', '2020-03-16'],
    ['us-1040-farm', '2019-12-31', '2020-03-02'],
    ['us-5500', '2019-12-31', '2020-07-31'],
    ['us-941', '2020-03-31', '2020-04-30'],
    ['us-720', '2020-03-31', '2020-04-30'],
    ['us-1040-ext', '2019-12-31', '2020-10-15'],
    // In 2021 individuals' returns alone.
    ['us-1040es-1', '2021-12-31', '2021-04-15'],
    ['us-1120', '2020-12-31', '2021-04-15'],
    ['us-1041', '2020-12-31', '2021-04-15'],
    // Filing by 15 June was late enough; 31 May 2020 was a Sunday; 30 September is the day itself.
    ['ca-t1-se', '2019-12-31', '2020-06-15'],
    ['ca-t2', '2019-11-30', '2020-06-01'],
    ['ca-t2-balance', '2020-07-31', '2020-09-30'],
    ['ca-payroll-m', '2020-03-31', '2020-04-15'],
    ['in-itr', '2022-03-31', '2022-07-31'],
    ['sg-gst-giro', '2020-03-31', '2020-05-15'],
  ])('%s for %s was due on %s', (obligationId, periodEnd, dueDate) => {
    expect(dateOf(obligationId, periodEnd)).toMatchObject({ dueDate, changes: [] })
  })

  test.each([
    // Penalty waivers, deferrals that one could choose, and disaster areas are told and move nothing.
    ['gb-sa-online', '2020-04-05', '2021-01-31', '2021-02-28'],
    ['gb-sa-poa2', '2020-04-05', '2020-07-31', '2021-01-31'],
    ['gb-vat', '2020-03-31', '2020-05-07', '2021-03-31'],
    ['ca-gst-m', '2020-03-31', '2020-04-30', '2020-06-30'],
    ['fr-is-2', '2020-12-31', '2020-06-15', '2020-06-30'],
    ['nz-itr-eot', '2019-03-31', '2020-03-31', '2020-05-31'],
    ['us-1040', '2022-12-31', '2023-04-18', '2023-11-16'],
  ])('%s for %s stayed due on %s, with %s told', (obligationId, periodEnd, dueDate, told) => {
    const date = dateOf(obligationId, periodEnd)
    expect(date).toMatchObject({ dueDate, changes: [{ dueDate: told }] })
    expect(date?.movedBy.some(({ kind }) => kind === 'CHANGE')).toBe(false)
  })
})
