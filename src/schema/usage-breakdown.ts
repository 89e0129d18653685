import { dayName } from '../rules/calendar-time.ts'
import type { UsageGroup } from '../rules/usage-groups.ts'
import { ApiKey } from './api-key.ts'
import { builder } from './builder.ts'

export interface UsageGroupShape extends UsageGroup {
  /** What people call it. */
  label: string
  apiKey: typeof ApiKey.$inferType | null
  /** Of the whole range, ms, ascending. */
  range: readonly number[]
}

export const UsageGrouping = builder.enumType('UsageGrouping', {
  values: {
    KEY: {},
    ENDPOINT: {},
    TIER: {
      description: 'The plan that the key was on when its last call of the day was counted.',
    },
  } as const,
})

const UsageGroupDay = builder.objectRef<{ at: number; total: number }>('UsageGroupDay').implement({
  fields: (t) => ({
    date: t.field({ type: 'Date', resolve: ({ at }) => dayName(at) }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: 'Billed requests.' }),
  }),
})

export const UsageGroupType = builder.objectRef<UsageGroupShape>('UsageGroup').implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: "A key's id, an endpoint or a plan's id." }),
    label: t.exposeString('label', { description: 'As people call it.' }),
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'By key alone.',
      resolve: ({ apiKey }) => apiKey,
    }),
    totalRequests: t.expose('total', { type: 'SafeInt', description: 'Billed requests.' }),
    failedRequests: t.expose('failed', {
      type: 'SafeInt',
      nullable: true,
      description: 'Null by endpoint: failures are counted by key alone.',
    }),
    days: t.field({
      type: [UsageGroupDay],
      description: 'Every day of the range.',
      resolve: ({ range, days }) => range.map((at) => ({ at, total: days.get(at) ?? 0 })),
    }),
  }),
})
