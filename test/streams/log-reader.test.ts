import { describe, expect, test } from 'vitest'
import { createLogReader } from '../../src/streams/log-reader.ts'

function reading(from = 0, matches = (_entry: number) => true) {
  const entries: number[] = []
  let ends = 0
  const onEnd = () => {
    ends += 1
  }
  let turns = 0
  const turn = () => {
    turns += 1
    return new Promise<void>((resolve) => setImmediate(resolve))
  }
  const reader = createLogReader({ entries, from, matches, turn, onEnd })
  const append = (...more: number[]) => {
    entries.push(...more)
    reader.wake()
  }
  return { reader, entries, append, ends: () => ends, turns: () => turns }
}

describe('a reader of a log', () => {
  test('gets what is there and then what comes, once each and in order', async () => {
    const { reader, append } = reading()
    append(1, 2)
    const got = [(await reader.next()).value, (await reader.next()).value]
    const parked = [reader.next(), reader.next(), reader.next()]
    append(3)
    append(4, 5)
    for (const one of parked) got.push((await one).value)
    expect(got).toEqual([1, 2, 3, 4, 5])
  })

  test('begins where it is told, and passes over what it does not want', async () => {
    const { reader, append } = reading(2, (entry) => entry % 2 === 0)
    append(2, 4, 5, 6)
    const parked = Promise.all([reader.next(), reader.next()])
    append(7)
    append(8)
    expect((await parked).map(({ value }) => value)).toEqual([6, 8])
  })

  test('serves who waits longest first', async () => {
    const { reader, entries } = reading()
    const parked = reader.next()
    entries.push(1, 2)
    const later = reader.next()
    reader.wake()
    expect([(await parked).value, (await later).value]).toEqual([1, 2])
  })

  test('is woken for nothing without harm', async () => {
    const { reader, append } = reading()
    const parked = reader.next()
    reader.wake()
    append()
    append(1)
    expect((await parked).value).toBe(1)
  })

  test('lets go of who waits when it ends, and says so once', async () => {
    const { reader, append, ends } = reading()
    const parked = [reader.next(), reader.next()]
    await reader.return()
    await reader.return()
    append(1)
    const answers = [...(await Promise.all(parked)), await reader.next()]
    expect(answers.every(({ done }) => done === true)).toBe(true)
    expect(ends()).toBe(1)
  })

  test('leaves the event loop to others between batches of a long history', async () => {
    const { reader, append, turns } = reading()
    append(...Array.from({ length: 1_000 }, (_one, index) => index))
    let rounds = 0
    let counting: NodeJS.Immediate
    const count = () => {
      rounds += 1
      counting = setImmediate(count)
    }
    counting = setImmediate(count)
    const got: (number | undefined)[] = []
    while (got.length < 1_000) got.push((await reader.next()).value)
    clearImmediate(counting)
    expect(got).toEqual(got.map((_one, index) => index))
    expect(turns()).toBe(58)
    expect(rounds).toBeGreaterThan(50)
  })

  test('waits its turn also when several ask at once, woken meanwhile or ended', async () => {
    const { reader, append, turns } = reading()
    append(...Array.from({ length: 40 }, (_one, index) => index))
    const parked = Array.from({ length: 20 }, () => reader.next())
    expect(turns()).toBe(1)
    reader.wake()
    const got = (await Promise.all(parked)).map(({ value }) => value)
    expect(got).toEqual(got.map((_one, index) => index))
    const rest = Array.from({ length: 20 }, () => reader.next())
    await reader.return()
    expect((await Promise.all(rest)).at(-1)?.done).toBe(true)
  })
})
