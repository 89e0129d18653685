import { expect, test } from 'vitest'
import { createPauses } from '../../src/workers/pauses.ts'

const LONG_MS = 3_600_000

test('a pause ends by itself', async () => {
  await expect(createPauses().wait(1)).resolves.toBeUndefined()
})

test('all pauses that are waited for end at once, however many', async () => {
  const pauses = createPauses()
  const waited = Array.from({ length: 3 }, () => pauses.wait(LONG_MS))
  pauses.endAll()
  await expect(Promise.all(waited)).resolves.toHaveLength(3)
})

test('what begins after others were ended is waited for', async () => {
  const pauses = createPauses()
  pauses.endAll()
  const ended = pauses.wait(LONG_MS).then(() => 'ended')
  expect(await Promise.race([ended, pauses.wait(5).then(() => 'waits still')])).toBe('waits still')
  pauses.endAll()
  expect(await ended).toBe('ended')
})

test('fifty thousand that ended by themselves, as a worker has within four hours, leave nothing to end', async () => {
  const pauses = createPauses()
  await Promise.all(Array.from({ length: 50_000 }, () => pauses.wait(0)))
  expect(() => pauses.endAll()).not.toThrow()
})
