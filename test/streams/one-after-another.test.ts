import { expect, test } from 'vitest'
import { oneAfterAnother } from '../../src/streams/one-after-another.ts'

test('work runs in the order of the calls, never two at a time, and goes on after a failure', async () => {
  const inOrder = oneAfterAnother()
  const log: string[] = []
  const work = (name: string, fails = false) =>
    inOrder(async () => {
      log.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      log.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    })
  const outcomes = await Promise.allSettled([work('a'), work('b', true), work('c')])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})
