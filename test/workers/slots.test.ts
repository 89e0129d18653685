import { describe, expect, test } from 'vitest'
import type { ChannelKind } from '../../src/rules/channel-input.ts'
import { createSlots, MOST } from '../../src/workers/deliver-alerts/slots.ts'

const sending = (channelId: string, accountId = channelId, kind: ChannelKind = 'WEBHOOK') => ({
  channelId,
  accountId,
  kind,
})
const names = (count: number, prefix = 'ch') =>
  Array.from({ length: count }, (_, index) => `${prefix}_${index}`)

describe('there is room', () => {
  test('for one message a channel', () => {
    const slots = createSlots()
    slots.begin(sending('a'))
    expect([slots.fits(sending('a')), slots.fits(sending('b'))]).toEqual([false, true])
    slots.end(sending('a'), { worked: true, tookMs: 10 })
    expect(slots.fits(sending('a'))).toBe(true)
    expect(slots.size()).toBe(0)
  })

  test('for so many an account, mails and altogether', () => {
    const slots = createSlots()
    for (const name of names(MOST.account)) slots.begin(sending(name, 'one'))
    expect(slots.fits(sending('more', 'one'))).toBe(false)
    for (const name of names(MOST.mail, 'mail')) slots.begin(sending(name, name, 'EMAIL'))
    expect(slots.fits(sending('mail', 'mail', 'EMAIL'))).toBe(false)
    expect(slots.fits(sending('hook'))).toBe(true)
    for (const name of names(MOST.all - slots.size(), 'hook')) slots.begin(sending(name))
    expect(slots.fits(sending('last'))).toBe(false)
  })

  test.each([
    { worked: false, tookMs: 1 },
    { worked: true, tookMs: 5_000 },
  ])('for some of the channels that last ended with %o, and for all that work', (result) => {
    const slots = createSlots()
    const unwell = names(MOST.unwell + 1)
    for (const name of unwell) slots.end(sending(name), result)
    for (const name of unwell.slice(1)) {
      expect(slots.fits(sending(name))).toBe(true)
      slots.begin(sending(name))
    }
    expect([slots.fits(sending('ch_0')), slots.fits(sending('well'))]).toEqual([false, true])
    slots.end(sending('ch_1'), { worked: true, tookMs: 10 })
    expect(slots.fits(sending('ch_0'))).toBe(true)
  })
})
