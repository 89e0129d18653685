import { describe, expect, test } from 'vitest'
import {
  BodyTooSlow,
  createBodyPlaces,
  type Place,
} from '../../../src/rest/webhooks/body-places.ts'

const patient = { patienceMs: 10_000, readWithinMs: 10_000, yieldAfterMs: 10_000 }
const notHere = () => false

/** Settles with what it was aborted with. */
const cutOf = ({ cut }: Place) =>
  new Promise((resolve) => cut.addEventListener('abort', () => resolve(cut.reason)))

/** Notes under a name when it gets a place, and keeps it. */
function queue(places: ReturnType<typeof createBodyPlaces>) {
  const served: string[] = []
  const got = new Map<string, Place>()
  return {
    served,
    got,
    async come(name: string, isHere = notHere) {
      got.set(name, await places.take(isHere))
      served.push(name)
    },
  }
}

const turn = () => new Promise<void>((done) => setImmediate(done))

describe('places for bodies', () => {
  test('are as many as there are, and go to who waits in the order of coming', async () => {
    const { served, got, come } = queue(createBodyPlaces({ places: 2, ...patient }))
    const names = ['a', 'b', 'c', 'd']
    const all = names.map((name) => come(name))
    await turn()
    expect(served).toEqual(['a', 'b'])
    got.get('a')?.giveBack()
    got.get('a')?.giveBack()
    await turn()
    expect(served).toEqual(['a', 'b', 'c'])
    got.get('b')?.giveBack()
    await Promise.all(all)
    expect(served).toEqual(names)
  })

  test('go first to a body that is here already', async () => {
    const { served, got, come } = queue(createBodyPlaces({ places: 1, ...patient }))
    let here = false
    const all = [come('a'), come('slow'), come('whole', () => here)]
    await turn()
    // It came while it waited.
    here = true
    got.get('a')?.giveBack()
    await turn()
    expect(served).toEqual(['a', 'whole'])
    got.get('whole')?.giveBack()
    await Promise.all(all)
  })

  test('are not waited for without end', async () => {
    const places = createBodyPlaces({ places: 1, ...patient, patienceMs: 20 })
    const held = await places.take(notHere)
    await expect(places.take(notHere)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
    held.giveBack()
    // Who gave up takes no place with him.
    await places.take(notHere)
  })

  test('are taken from a body that does not come, whether or not anybody waits', async () => {
    const places = createBodyPlaces({ places: 1, ...patient, readWithinMs: 20 })
    expect(await cutOf(await places.take(notHere))).toBeInstanceOf(BodyTooSlow)
  })

  test('are taken sooner where others wait, and first from the one that has been coming longest', async () => {
    const { served, got, come } = queue(
      createBodyPlaces({ places: 2, ...patient, yieldAfterMs: 30 }),
    )
    await Promise.all([come('first'), come('second')])
    const waiting = come('third')
    const first = got.get('first')
    const second = got.get('second')
    if (!first || !second) throw new Error('they have places')
    expect(await cutOf(first)).toBeInstanceOf(BodyTooSlow)
    first.giveBack()
    await waiting
    expect(served).toEqual(['first', 'second', 'third'])
    expect(second.cut.aborted).toBe(false)
  })

  test('are left to a body that has been read and is being stored', async () => {
    const { got, come } = queue(
      createBodyPlaces({
        places: 1,
        ...patient,
        readWithinMs: 10,
        yieldAfterMs: 5,
        patienceMs: 40,
      }),
    )
    await come('stored')
    got.get('stored')?.isRead()
    await expect(come('late')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(got.get('stored')?.cut.aborted).toBe(false)
  })
})
