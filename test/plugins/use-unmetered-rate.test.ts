import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { defaultQueryLimits } from '../../src/rules/query-cost.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { guardedYoga } from './guarded-yoga.ts'

const account = { _id: 'acc_1' } as AccountDoc
const key = (id: string): Caller => ({ kind: 'apiKey', apiKey: { _id: id } as ApiKeyDoc, account })

const limits = {
  ...defaultQueryLimits,
  executionTimeoutMs: 1_000,
  maxBodyBytes: 100_000,
  unmeteredPerSecond: 20,
}

async function statuses(yoga: ReturnType<typeof guardedYoga>, calls: number, query: string) {
  const found: number[] = []
  for (let call = 0; call < calls; call++) found.push((await yoga.ask(query)).status)
  return { answered: found.filter((one) => one === 200).length, found }
}

describe('operations that cost nothing', () => {
  test('are answered 20 times at once, then 20 times a second, for each caller apart', async () => {
    let now = 1_000_000
    let caller = key('key_1')
    const yoga = guardedYoga({ limits, caller: () => caller, clock: () => now })
    expect((await statuses(yoga, 25, '{ __typename }')).answered).toBe(20)
    const refused = await yoga.ask('{ __typename }')
    expect([refused.status, refused.codes]).toEqual([429, ['RATE_LIMITED']])
    expect(refused.headers.get('retry-after')).toBe('1')
    caller = key('key_2')
    expect((await statuses(yoga, 3, '{ __typename }')).answered).toBe(3)
    caller = key('key_1')
    now += 250
    expect((await statuses(yoga, 10, '{ __typename }')).answered).toBe(5)
    now += 60_000
    expect((await statuses(yoga, 25, '{ __typename }')).answered).toBe(20)
  })

  test('of nobody in particular are counted by address', async () => {
    const yoga = guardedYoga({ limits, clock: () => 0 })
    expect((await statuses(yoga, 25, '{ __typename }')).answered).toBe(20)
  })

  test('are not bound for the operator', async () => {
    const yoga = guardedYoga({ limits, caller: () => ({ kind: 'admin' }), clock: () => 0 })
    expect((await statuses(yoga, 40, '{ __typename }')).answered).toBe(40)
  })

  test('are none when one field costs a unit', async () => {
    const yoga = guardedYoga({ limits, caller: () => key('key_1'), clock: () => 0 })
    const query = '{ __typename countries { code } }'
    expect((await statuses(yoga, 40, query)).answered).toBe(40)
  })
})
