import { DAY, dayName } from '../rules/calendar-time.ts'
import type { TaxHistory } from '../rules/tax/tax-history.ts'
import { type Aggregation, createDayAggregation } from './aggregate-days/aggregate-day.ts'
import type { Invoicing, Triggered } from './issue-invoices/invoicing.ts'
import type { Scan } from './scan-thresholds/scan-keys.ts'
import { createScan, type ScanOptions } from './scan-thresholds/scan-thresholds.ts'
import { shareRun } from './shared-run.ts'

export interface JobsOnDemandOptions extends Omit<ScanOptions, 'taxData'> {
  taxHistory: Pick<TaxHistory, 'current'>
  invoicing: Pick<Invoicing, 'trigger'>
}

/** Scheduled work that an operator may have done at once, by REST or GraphQL; repeating it is harmless. */
export interface JobsOnDemand {
  /**
   * @param date null: yesterday
   * @throws BadInput for a date in the future
   */
  aggregateDay(date: string | null): Promise<Aggregation>
  /** Who asks while one runs hears of that one: a second would find nothing else to raise. */
  scanEveryKey(): Promise<Scan>
  /**
   * @param month `2026-11`, of the running month as drafts; null: the last complete one
   * @throws BadInput for a month in the future or of no calendar
   */
  invoiceMonth(month: string | null): Promise<Triggered>
}

export function createJobsOnDemand(given: JobsOnDemandOptions): JobsOnDemand {
  const { taxHistory, invoicing, ...options } = given
  const { clock } = options
  const aggregateDay = createDayAggregation(options)
  const scan = createScan({ ...options, taxData: taxHistory.current })
  const scanning = shareRun(() => scan.everyKey())
  return {
    aggregateDay: (date) => aggregateDay(date ?? dayName(clock() - DAY)),
    scanEveryKey: scanning.run,
    invoiceMonth: (month) => invoicing.trigger(month),
  }
}
