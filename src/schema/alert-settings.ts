import type { AlertThreshold } from '../rules/threshold.ts'
import { builder } from './builder.ts'

export const AlertThresholdType = builder.objectRef<AlertThreshold>('AlertThreshold').implement({
  description: "One of the key's own: a share of its limit, or a number of calls in a month.",
  fields: (t) => ({
    percent: t.int({
      nullable: true,
      resolve: (threshold) => ('percent' in threshold ? threshold.percent : null),
    }),
    requests: t.field({
      type: 'SafeInt',
      nullable: true,
      resolve: (threshold) => ('requests' in threshold ? threshold.requests : null),
    }),
  }),
})

export const AlertThresholdInput = builder.inputType('AlertThresholdInput', {
  description: 'Either a percentage of the limit, 1 to 1,000, or a number of calls in a month.',
  fields: (t) => ({ percent: t.int(), requests: t.field({ type: 'SafeInt' }) }),
})
