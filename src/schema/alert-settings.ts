import type { AlertThreshold } from '../rules/threshold.ts'
import { builder } from './builder.ts'

export const AlertThresholdType = builder.objectRef<AlertThreshold>('AlertThreshold').implement({
  description: "One of the key's own: a share of its limit, or a number of calls in a month.",
  fields: (t) => ({
    percent: t.float({
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
  description:
    'Either a percentage of the limit, 0.01 to 1,000 with at most two decimals, or a number of calls in a month.',
  fields: (t) => ({ percent: t.float(), requests: t.field({ type: 'SafeInt' }) }),
})
