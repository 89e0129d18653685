import { pack } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import {
  decodeLiveTotals,
  encodeLiveTotals,
  type LiveTotals,
} from '../../src/streams/live-messages.ts'

const totals: LiveTotals = {
  ...{ apiKeyId: 'key_1', accountId: 'acc_1', at: 1_763_800_000_123 },
  ...{ hour: 1_763_798_400_000, hourTotal: 1, hourFailed: 2 },
  ...{ day: 1_763_769_600_000, dayTotal: 3, dayFailed: 4 },
  ...{ month: 1_761_955_200_000, monthTotal: 2 ** 40, monthFailed: 6 },
}

describe('live messages', () => {
  test('what is written is read, for any number of keys', () => {
    for (const n of [0, 1, 500]) {
      const list = Array.from({ length: n }, (_, i) => ({ ...totals, apiKeyId: `key_${i}` }))
      expect(decodeLiveTotals(encodeLiveTotals(list))).toEqual(list)
    }
  })

  test('noise and later versions are skipped, not thrown', () => {
    const bad = [[2, []], [1], [1, ['key_1']], [1, new Array(12).fill('x')], 'text', null]
    for (const message of bad) expect(decodeLiveTotals(pack(message))).toBeNull()
    expect(decodeLiveTotals(Buffer.from([0xc1]))).toBeNull()
  })
})
