import { describe, expect, test, vi } from 'vitest'
import type { AlertDoc } from '../../src/store/alerts.ts'
import { createRecordSubscriber, type RecordFeed } from '../../src/streams/record-subscriber.ts'

const alert = (sequence: number, apiKeyId = 'key_a') => ({ sequence, apiKeyId }) as AlertDoc

/** A subscriber from before everything, behind a feed that remembers nothing but what is given. */
function subscriberOf(
  feed: RecordFeed<AlertDoc>,
  read: (after: number, upTo: number) => Promise<AlertDoc[]>,
  retryMs = 1,
) {
  const asked = vi.fn((_scope, after: number, upTo: number) => read(after, upTo))
  const onEnd = vi.fn()
  const scope = { accountId: 'acc_a', apiKeyId: 'key_a' }
  const subscriber = createRecordSubscriber({
    ...{ feed, scope, position: 0, retryMs, onEnd },
    read: asked,
  })
  const next = async () => (await subscriber.next()).value?.sequence
  return { subscriber, next, asked, onEnd }
}

describe('a subscriber that is behind', () => {
  test('asks again until it is answered, from where it stood', async () => {
    const answers = [[alert(1), alert(3)], null, null, [alert(6), alert(9)]]
    const { next, asked } = subscriberOf({ known: 9, floor: 8, recent: [alert(9)] }, async () => {
      const answer = answers.shift()
      if (!answer) throw new Error('away')
      return answer
    })
    expect([await next(), await next(), await next(), await next()]).toEqual([1, 3, 6, 9])
    expect(asked.mock.calls.map(([, after]) => after)).toEqual([0, 3, 3, 3])
  })

  test('asks earlier when the feed moves on, as it does when MongoDB is back', async () => {
    let away = true
    const read = async () => {
      if (away) throw new Error('away')
      return [alert(1)]
    }
    const feed = { known: 9, floor: 8, recent: [] }
    const { subscriber, next, asked } = subscriberOf(feed, read, 60_000)
    const first = next()
    await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce())
    away = false
    await vi.waitFor(() => {
      subscriber.wake()
      expect(asked).toHaveBeenCalledTimes(2)
    })
    expect(await first).toBe(1)
  })

  test('ends while it is being answered, and while it waits to ask again', async () => {
    const answer = Promise.withResolvers<AlertDoc[]>()
    for (const read of [() => answer.promise, () => Promise.reject(new Error('away'))]) {
      const behind = subscriberOf({ known: 9, floor: 8, recent: [] }, read, 60_000)
      const first = behind.next()
      await vi.waitFor(() => expect(behind.asked).toHaveBeenCalled())
      await behind.subscriber.return()
      await behind.subscriber.return()
      answer.resolve([alert(1)])
      expect([await first, await behind.next()]).toEqual([undefined, undefined])
      expect(behind.onEnd).toHaveBeenCalledOnce()
    }
  })

  test('needs not read what the feed forgets of other keys', async () => {
    const feed: RecordFeed<AlertDoc> = {
      known: 2,
      floor: 0,
      recent: [alert(1, 'key_b'), alert(2, 'key_b')],
    }
    const { subscriber, next, asked } = subscriberOf(feed, async () => [])
    const first = next()
    await vi.waitFor(() => expect(asked).not.toHaveBeenCalled())
    Object.assign(feed, { known: 4, floor: 2, recent: [alert(3, 'key_b'), alert(4)] })
    subscriber.wake()
    expect(await first).toBe(4)
    expect(asked).not.toHaveBeenCalled()
  })
})
