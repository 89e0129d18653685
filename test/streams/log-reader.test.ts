import { describe, expect, test } from 'vitest'
import { createLogReader } from '../../src/streams/log-reader.ts'

function reading(from = 0, matches = (_entry: number) => true) {
  const entries: number[] = []
  let ends = 0
  const onEnd = () => {
    ends += 1
  }
  const reader = createLogReader({ entries, from, matches, onEnd })
  const append = (...more: number[]) => {
    entries.push(...more)
    reader.wake()
  }
  return { reader, entries, append, ends: () => ends }
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
})
