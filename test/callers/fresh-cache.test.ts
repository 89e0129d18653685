import { describe, expect, test } from 'vitest'
import { createFreshCache } from '../../src/callers/fresh-cache.ts'

interface Thing {
  id: string
  version: number
}

function setUp(options: { freshFor?: number; absentFor?: number; capacity?: number } = {}) {
  const state = {
    now: 1_000_000,
    freshFor: options.freshFor ?? 1_000,
    loads: 0,
    version: 1,
    answer: null as null | ((key: string) => Promise<Thing | null>),
  }
  const cache = createFreshCache<Thing>({
    load: (key) => {
      state.loads += 1
      return state.answer?.(key) ?? Promise.resolve({ id: key, version: state.version })
    },
    tagsOf: ({ id }) => [`tag-${id}`],
    freshFor: () => state.freshFor,
    absentFor: options.absentFor ?? 0,
    survivesOutage: 60_000,
    capacity: options.capacity ?? 100,
    clock: () => state.now,
  })
  return { state, cache }
}

const away = () => Promise.reject(new Error('away'))
const never = () => new Promise<never>(() => {})

describe('a fresh cache', () => {
  test('asks once for all who want the same at the same time, then answers at once', async () => {
    const { state, cache } = setUp()
    const asked = await Promise.all([cache.get('a'), cache.get('a'), cache.get('a')])
    expect(asked.map((thing) => thing?.version)).toEqual([1, 1, 1])
    expect(state.loads).toBe(1)
    expect(cache.get('a')).toEqual({ id: 'a', version: 1 })
  })

  test('asks again once the value is no longer fresh, by the lifetime that holds then', async () => {
    const { state, cache } = setUp({ freshFor: 30_000 })
    await cache.get('a')
    state.version = 2
    state.now += 500
    expect(cache.get('a')).toEqual({ id: 'a', version: 1 })
    state.freshFor = 500
    expect(await cache.get('a')).toEqual({ id: 'a', version: 2 })
  })

  test('forgets what changed, by tag, and nothing else', async () => {
    const { state, cache } = setUp()
    await Promise.all([cache.get('a'), cache.get('b')])
    state.version = 2
    cache.drop('tag-a')
    expect(await cache.get('a')).toEqual({ id: 'a', version: 2 })
    expect(cache.get('b')).toEqual({ id: 'b', version: 1 })
  })

  test('does not keep what was read before a change that came meanwhile', async () => {
    const { state, cache } = setUp()
    let finish = (_: Thing) => {}
    state.answer = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    const early = cache.get('a')
    cache.drop('tag-a')
    state.answer = null
    state.version = 2
    const late = cache.get('a')
    finish({ id: 'a', version: 1 })
    expect(await early).toEqual({ id: 'a', version: 1 })
    expect(await late).toEqual({ id: 'a', version: 2 })
    expect(cache.get('a')).toEqual({ id: 'a', version: 2 })
  })

  test('goes on with a known value while the store fails, until its time is over', async () => {
    const { state, cache } = setUp()
    await cache.get('a')
    state.answer = away
    state.now += 59_000
    expect(await cache.get('a')).toEqual({ id: 'a', version: 1 })
    await expect(cache.get('unknown')).rejects.toThrow('away')
    state.now += 1_000
    await expect(cache.get('a')).rejects.toThrow('away')
  })

  test('goes on with a known value while the store does not answer, and waits for it only once', async () => {
    const { state, cache } = setUp()
    await cache.get('a')
    await cache.get('b')
    state.now += 5_000
    state.answer = never
    expect(await cache.get('a')).toEqual({ id: 'a', version: 1 })
    // The store counts as away: nobody else waits for it before the next probe.
    expect(cache.get('b')).toEqual({ id: 'b', version: 1 })
    expect(state.loads).toBe(3)
  })

  test('never goes on with a value that is known to have changed', async () => {
    const { state, cache } = setUp()
    await cache.get('a')
    state.answer = away
    cache.drop('tag-a')
    await expect(cache.get('a')).rejects.toThrow('away')
  })

  test('looks everything up again after expireAll, yet keeps it for an outage', async () => {
    const { state, cache } = setUp()
    await cache.get('a')
    state.version = 2
    cache.expireAll()
    expect(await cache.get('a')).toEqual({ id: 'a', version: 2 })
    cache.expireAll()
    state.answer = away
    expect(await cache.get('a')).toEqual({ id: 'a', version: 2 })
  })

  test('remembers for a short time that there is nothing, where it is told to', async () => {
    const { state, cache } = setUp({ absentFor: 1_000 })
    state.answer = () => Promise.resolve(null)
    expect(await cache.get('a')).toBeNull()
    expect(cache.get('a')).toBeNull()
    state.now += 1_000
    expect(cache.get('a')).toBeInstanceOf(Promise)
  })

  test('holds at most its capacity, and gives up what was not used for longest', async () => {
    const { cache } = setUp({ capacity: 2 })
    await cache.get('a')
    await cache.get('b')
    cache.get('a')
    await cache.get('c')
    expect(cache.get('a')).toEqual({ id: 'a', version: 1 })
    expect(cache.get('b')).toBeInstanceOf(Promise)
  })
})
