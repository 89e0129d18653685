import { builder } from './builder.ts'

export interface UsageForecastShape {
  accountId: string
  /** null: the sum of the account's keys. */
  apiKeyId: string | null
  /** `YYYY-MM` */
  month: string
  expected: number
  low: number
  high: number
  because: readonly string[]
}

export const UsageForecast = builder.objectRef<UsageForecastShape>('UsageForecast').implement({
  description:
    'What the running month may come to: regression on the week, growth, day of the month and due dates.',
  fields: (t) => ({
    month: t.field({ type: 'YearMonth', resolve: ({ month }) => month }),
    expected: t.expose('expected', {
      type: 'SafeInt',
      description: 'Billed requests of the whole month, as if no limit stopped them.',
    }),
    low: t.expose('low', {
      type: 'SafeInt',
      description: 'One month in ten ends below it. Never below what is used already.',
    }),
    high: t.expose('high', { type: 'SafeInt', description: 'One month in ten ends above it.' }),
    because: t.field({
      type: ['String'],
      description: 'What drives the forecast, in words.',
      resolve: ({ because }) => [...because],
    }),
  }),
})
