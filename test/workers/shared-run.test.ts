import { expect, test, vi } from 'vitest'
import { shareRun } from '../../src/workers/shared-run.ts'

test('who asks while a run is under way gets what that one comes to', async () => {
  const first = Promise.withResolvers<string>()
  const work = vi.fn(() => first.promise)
  const { run } = shareRun(work)
  const asked = [run(), run()]
  first.resolve('done')
  expect(await Promise.all(asked)).toEqual(['done', 'done'])
  expect(work).toHaveBeenCalledTimes(1)
})

test('who asks afterwards begins anew, also where the run before failed', async () => {
  const work = vi.fn<() => Promise<string>>()
  work.mockRejectedValueOnce(new Error('away'))
  work.mockResolvedValueOnce('done')
  const { run } = shareRun(work)
  await expect(run()).rejects.toThrow('away')
  expect(await run()).toBe('done')
})

test('the end of a run is waited for, and does not say how it ended', async () => {
  const only = Promise.withResolvers<string>()
  const { run, ended } = shareRun(() => only.promise)
  await ended()
  const asked = run()
  let over = false
  const waited = ended().then(() => {
    over = true
  })
  expect(over).toBe(false)
  only.reject(new Error('away'))
  await expect(asked).rejects.toThrow('away')
  await waited
  expect(over).toBe(true)
})
