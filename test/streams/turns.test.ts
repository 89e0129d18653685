import { expect, test } from 'vitest'
import { createTurns } from '../../src/streams/turns.ts'

test('one turn is given in each round of the event loop, first come first served', async () => {
  const turn = createTurns()
  let round = 0
  let counting: NodeJS.Immediate
  const count = () => {
    round += 1
    counting = setImmediate(count)
  }
  counting = setImmediate(count)
  const given: { name: number; round: number }[] = []
  const ask = async (name: number) => {
    await turn()
    given.push({ name, round })
  }
  await Promise.all([ask(1), ask(2), ask(3)])
  await ask(4)
  clearImmediate(counting)
  expect(given.map(({ name }) => name)).toEqual([1, 2, 3, 4])
  expect(new Set(given.map((one) => one.round)).size).toBe(4)
})
