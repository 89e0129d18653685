import type { ChangeStream } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { startTestApi, type TestApi } from '../api.ts'
import { bodyAttacks, goodWebhooks } from '../billing/body-attacks.ts'
import { fixture } from '../billing/fixtures.ts'
import { signatureAttacks } from '../billing/signature-attacks.ts'
import { type Attack, attackedSecrets, secret, signed } from '../billing/webhook-attack.ts'
import { paddleSender, send, signedNow, stripeSender } from '../billing/webhook-senders.ts'

/**
 * The attacks on web hooks of the product's promises, for both providers over a real port. Whatever is not
 * answered 200 must have written nothing, which MongoDB's own change stream says.
 */
let api: TestApi
let changes: ChangeStream
let written: string[] = []

beforeAll(async () => {
  const both = attackedSecrets.join(',')
  api = await startTestApi({ STRIPE_WEBHOOK_SECRETS: both, PADDLE_WEBHOOK_SECRETS: both })
  const ofBilling = { 'ns.coll': /^(billing|provider|apiKeys|accessHistory|deliveries)/ }
  changes = api.db.watch([{ $match: ofBilling }])
  changes.on('change', (change) => {
    written.push('ns' in change && 'coll' in change.ns ? change.ns.coll : change.operationType)
  })
  await new Promise((ready) => changes.once('resumeTokenChanged', ready))
})
afterAll(async () => {
  await changes.close()
  await api.end()
})

describe.each([stripeSender, paddleSender])('a web hook of $provider', (sender) => {
  let n = 0
  const attackWith = async (attack: Attack) => {
    n += 1
    const id = `evt_${sender.provider.toLowerCase()}_${n}`
    const sending = attack(sender, sender.event(id))
    return { id, answer: await send(api.url, { path: sender.path, ...sending }) }
  }

  test.each([...signatureAttacks, ...bodyAttacks])(
    'with %s is answered %i and writes nothing',
    async (...row) => {
      const { answer } = await attackWith(row[2])
      expect(answer).toMatchObject({ status: row[1] })
      if (row[1] !== 405) expect(JSON.parse(answer.text)).toHaveProperty('code')
    },
  )

  test('that was refused has written nothing, as the change stream says once it shows what is written', async () => {
    const { id, answer } = await attackWith(signed((body) => body))
    expect(answer.status).toBe(200)
    await expect.poll(() => written.length).toBeGreaterThan(0)
    expect(written).toEqual(['billingInbox'])
    expect(await billingInbox(api.db).countDocuments({ provider: sender.provider })).toBe(1)
    await billingInbox(api.db).deleteOne({ _id: `${sender.provider}:${id}` })
    await expect.poll(() => written.length).toBe(2)
    written = []
  })

  test.each([...goodWebhooks])('with %s is answered %i and stored', async (...row) => {
    const { id, answer } = await attackWith(row[2])
    expect(answer).toMatchObject({ status: row[1], text: '{"received":true}' })
    expect(await billingInbox(api.db).findOne({ eventId: id })).toMatchObject({ status: 'PENDING' })
  })

  test('that are good can be taken back from the count', async () => {
    const { deletedCount } = await billingInbox(api.db).deleteMany({ provider: sender.provider })
    expect(deletedCount).toBe(goodWebhooks.length)
    await expect.poll(() => written.length).toBe(2 * goodWebhooks.length)
    written = []
  })
})

test('a thin event is answered 400 on the route of Stripe, and writes nothing', async () => {
  const thin = fixture('stripe', 'v2.thin')
  const body = JSON.stringify(thin)
  const headers = { [stripeSender.header]: signedNow(stripeSender, body, secret) }
  const answer = await send(api.url, { path: stripeSender.path, headers, body })
  expect(answer.status).toBe(400)
  expect(await billingInbox(api.db).countDocuments({ eventId: String(thin.id) })).toBe(0)
})
