import { builder } from './builder.ts'

export interface LiveUsageShape {
  apiKeyId: string
  accountId: string
  /** Plan id. */
  tier: string
  /** When these counts held, ms. */
  at: number
  hourTotal: number
  dayTotal: number
  monthTotal: number
  /** null: unlimited. */
  monthlyLimit: number | null
  /** Start of the next month, ms. */
  resetsAt: number
}

export const LiveUsage = builder.objectRef<LiveUsageShape>('LiveUsage').implement({
  fields: (t) => ({
    apiKeyId: t.exposeID('apiKeyId'),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    hourRequests: t.expose('hourTotal', { type: 'SafeInt' }),
    dayRequests: t.expose('dayTotal', { type: 'SafeInt' }),
    monthRequests: t.expose('monthTotal', { type: 'SafeInt' }),
    monthlyLimit: t.expose('monthlyLimit', { type: 'SafeInt', nullable: true }),
    remaining: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'Never below 0, also where calls above the limit are served and billed.',
      resolve: ({ monthlyLimit, monthTotal }) =>
        monthlyLimit === null ? null : Math.max(0, monthlyLimit - monthTotal),
    }),
    resetsAt: t.field({ type: 'DateTime', resolve: ({ resetsAt }) => new Date(resetsAt) }),
  }),
})
