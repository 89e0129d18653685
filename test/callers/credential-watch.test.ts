import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCredentialWatch } from '../../src/callers/credential-watch.ts'
import type { CallerChange } from '../../src/callers/credentials.ts'
import type { Caller, Entrance } from '../../src/context.ts'
import { ApiError } from '../../src/errors.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'

const account = { _id: 'acc_1' } as AccountDoc
const key = (id: string, more: object = {}): Caller =>
  ({ kind: 'apiKey', apiKey: { _id: id } as ApiKeyDoc, account, ...more }) as Caller
const entrance = (secret: string): Entrance => ({
  requestId: 'r',
  ip: '192.0.2.1',
  credentials: { apiKeys: [secret], authorization: [], apiKeyId: [] },
})

/** Says who is refused and how often anybody was asked for. */
function judge() {
  const refused = new Map<string, ApiError>()
  const asked: string[] = []
  const listeners = new Set<(change: CallerChange) => void>()
  return {
    refused,
    asked,
    listeners,
    change(change: CallerChange) {
      for (const listener of listeners) listener(change)
    },
    async resolveCaller({ apiKeys: [secret = ''] }: Entrance['credentials']): Promise<Caller> {
      asked.push(secret)
      const error = refused.get(secret)
      if (error) throw error
      return key(`key_of_${secret}`)
    },
    onChange(listener: (change: CallerChange) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const unauthenticated = new ApiError('UNAUTHENTICATED', 'revoked')

describe('watched credentials', () => {
  test('are checked at once when a change concerns them, and no others are', async () => {
    const callers = judge()
    const watch = createCredentialWatch({ callers, clock: Date.now })
    const refusals: string[] = []
    for (const name of ['a', 'b']) {
      watch.watch(entrance(name), key(`key_of_${name}`), ({ code }) =>
        refusals.push(`${name} ${code}`),
      )
    }
    callers.refused.set('a', unauthenticated)
    callers.change({ apiKeyId: 'key_of_a' })
    await vi.advanceTimersByTimeAsync(0)
    expect(refusals).toEqual(['a UNAUTHENTICATED'])
    expect(callers.asked).toEqual(['a'])
    callers.change({ accountId: 'acc_1' })
    callers.change({})
    await vi.advanceTimersByTimeAsync(0)
    expect(callers.asked).toEqual(['a', 'b', 'b'])
    watch.stop()
  })

  test('are checked every minute without any change', async () => {
    const callers = judge()
    const watch = createCredentialWatch({ callers, clock: Date.now })
    const onRefused = vi.fn()
    watch.watch(entrance('a'), key('key_of_a'), onRefused)
    await vi.advanceTimersByTimeAsync(59_000)
    expect(callers.asked).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(callers.asked).toEqual(['a'])
    callers.refused.set('a', unauthenticated)
    await vi.advanceTimersByTimeAsync(61_000)
    expect(onRefused).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(300_000)
    expect(onRefused).toHaveBeenCalledOnce()
    watch.stop()
  })

  test('are checked when they expire', async () => {
    const callers = judge()
    callers.refused.set('a', unauthenticated)
    const watch = createCredentialWatch({ callers, clock: Date.now })
    const onRefused = vi.fn()
    watch.watch(entrance('a'), key('key_of_a', { validUntil: Date.now() + 5_000 }), onRefused)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(onRefused).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(onRefused).toHaveBeenCalledOnce()
    watch.stop()
  })

  test.each(['UNAVAILABLE', 'RATE_LIMITED'] as const)(
    'are not refused because nobody can tell (%s)',
    async (code) => {
      const callers = judge()
      callers.refused.set('a', new ApiError(code, 'later'))
      const watch = createCredentialWatch({ callers, clock: Date.now })
      const onRefused = vi.fn()
      watch.watch(entrance('a'), key('key_of_a'), onRefused)
      callers.change({})
      await vi.advanceTimersByTimeAsync(120_000)
      expect(onRefused).not.toHaveBeenCalled()
      callers.refused.set('a', unauthenticated)
      await vi.advanceTimersByTimeAsync(61_000)
      expect(onRefused).toHaveBeenCalledOnce()
      watch.stop()
    },
  )

  test('of somebody who left are not looked at any more; nobody’s never were', async () => {
    const callers = judge()
    const watch = createCredentialWatch({ callers, clock: Date.now })
    const stop = watch.watch(entrance('a'), key('key_of_a'), () => {})
    watch.watch(entrance('b'), { kind: 'anonymous' }, () => {})
    stop()
    callers.change({})
    await vi.advanceTimersByTimeAsync(120_000)
    expect(callers.asked).toEqual([])
    watch.stop()
    expect(callers.listeners.size).toBe(0)
  })
})
