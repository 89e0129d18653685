import { dayName } from '../rules/calendar-time.ts'
import { endpointsByUse, type UsageTotals } from '../rules/usage-totals.ts'
import { ApiKey } from './api-key.ts'
import { builder } from './builder.ts'

export interface PeriodShape extends UsageTotals {
  /** Start of the hour or day, UTC, ms. */
  at: number
}

export interface ApiKeyUsageShape {
  apiKey: typeof ApiKey.$inferType
  total: number
  /** null: unlimited. */
  remaining: number | null
}

export interface MonthlyUsageShape extends UsageTotals {
  /** `YYYY-MM` */
  month: string
  averagePerDay: number
  peakDay: PeriodShape | null
  apiKeys: ApiKeyUsageShape[]
}

const EndpointUsage = builder
  .objectRef<{ endpoint: string; total: number }>('EndpointUsage')
  .implement({
    fields: (t) => ({
      endpoint: t.exposeString('endpoint', {
        description: 'A root field (`taxDates`) or a REST route (`GET /api/v1/tax-dates`).',
      }),
      totalRequests: t.expose('total', { type: 'SafeInt' }),
    }),
  })

const totalHelp = 'Billed requests.'
const failedHelp = 'Requests that ended in an error: counted, never billed.'

export const HourlyUsage = builder.objectRef<PeriodShape>('HourlyUsage').implement({
  fields: (t) => ({
    hour: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: totalHelp }),
    failedRequests: t.expose('failed', { type: 'SafeInt', description: failedHelp }),
    endpoints: t.field({
      type: [EndpointUsage],
      resolve: ({ endpoints }) => endpointsByUse(endpoints),
    }),
  }),
})

export const DailyUsage = builder.objectRef<PeriodShape>('DailyUsage').implement({
  fields: (t) => ({
    date: t.field({ type: 'Date', resolve: ({ at }) => dayName(at) }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: totalHelp }),
    failedRequests: t.expose('failed', { type: 'SafeInt', description: failedHelp }),
    endpoints: t.field({
      type: [EndpointUsage],
      resolve: ({ endpoints }) => endpointsByUse(endpoints),
    }),
  }),
})

const ApiKeyUsage = builder.objectRef<ApiKeyUsageShape>('ApiKeyUsage').implement({
  fields: (t) => ({
    apiKey: t.field({ type: ApiKey, resolve: ({ apiKey }) => apiKey }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: totalHelp }),
    remaining: t.expose('remaining', {
      type: 'SafeInt',
      nullable: true,
      description: 'What the plan still allows in this month; null: unlimited.',
    }),
  }),
})

export const MonthlyUsage = builder.objectRef<MonthlyUsageShape>('MonthlyUsage').implement({
  fields: (t) => ({
    month: t.expose('month', { type: 'YearMonth' }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: totalHelp }),
    averagePerDay: t.exposeFloat('averagePerDay', {
      description: 'Total by UTC days of the month elapsed, today included.',
    }),
    peakDay: t.expose('peakDay', {
      type: DailyUsage,
      nullable: true,
      description:
        'The day with the most billed requests, the earliest of equals; null without any.',
    }),
    endpoints: t.field({
      type: [EndpointUsage],
      description: 'Most used first.',
      resolve: ({ endpoints }) => endpointsByUse(endpoints),
    }),
    apiKeys: t.expose('apiKeys', { type: [ApiKeyUsage] }),
  }),
})
