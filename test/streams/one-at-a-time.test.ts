import { expect, test } from 'vitest'
import { oneAtATime } from '../../src/streams/one-at-a-time.ts'

/** Work whose runs end when the test says so. */
function heldWork() {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = []
  let runs = 0
  const work = () => {
    runs += 1
    const run = runs
    return new Promise<number>((resolve, reject) => {
      ends.push({ resolve: () => resolve(run), reject })
    })
  }
  return { call: oneAtATime(work), ends, runs: () => runs }
}

test('calls that come during a run share one that begins after it', async () => {
  const { call, ends, runs } = heldWork()
  const first = call()
  const [second, third] = [call(), call()]
  expect(runs()).toBe(1)
  ends[0]?.resolve()
  expect(await first).toBe(1)
  await expect.poll(runs).toBe(2)
  const fourth = call()
  ends[1]?.resolve()
  expect(await Promise.all([second, third])).toEqual([2, 2])
  await expect.poll(runs).toBe(3)
  ends[2]?.resolve()
  expect(await fourth).toBe(3)
  const fifth = call()
  ends[3]?.resolve()
  expect(await fifth).toBe(4)
})

test('a run that fails fails its own callers alone', async () => {
  const { call, ends, runs } = heldWork()
  const first = call()
  const second = call()
  ends[0]?.reject(new Error('broken'))
  await expect(first).rejects.toThrow('broken')
  await expect.poll(runs).toBe(2)
  ends[1]?.resolve()
  expect(await second).toBe(2)
})
