import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deliveries } from '../../src/store/deliveries.ts'
import {
  headerOf,
  type MailServer,
  type Receiver,
  startMailServer,
  startReceiver,
} from '../outgoing/receivers.ts'
import { type DeliveryWorld, deliveryWorld, signingSecret } from './delivery-world.ts'

let world: DeliveryWorld
let receiver: Receiver
let mailServer: MailServer
const folder = mkdtempSync(join(tmpdir(), 'getcomplical-mails-'))

beforeEach(async () => {
  ;[world, receiver, mailServer] = await Promise.all([
    deliveryWorld(),
    startReceiver(),
    startMailServer(),
  ])
  await world.plantKey()
})
afterEach(async () => {
  await world.drop()
  await Promise.all([receiver.stop(), mailServer.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const smtpUrl = () => `smtp://127.0.0.1:${mailServer.port}`
const delivered = (id: string) =>
  vi.waitFor(async () => {
    const delivery = await world.deliveryOf(id)
    expect(delivery).toMatchObject({ status: 'DELIVERED' })
    return delivery
  })

describe('an alert reaches', () => {
  test('an e-mail address, by SMTP with STARTTLS, with all its figures in text and HTML', async () => {
    const channel = await world.plantChannel({ kind: 'EMAIL', target: 'owner@example.com' })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ smtpUrl: smtpUrl() }).start()
    const { attempts, lease, deliveredAt } = await delivered(_id)
    expect(attempts).toMatchObject([{ code: 250, error: null }])
    expect(lease).toBeUndefined()
    expect(deliveredAt).toBeInstanceOf(Date)

    expect(mailServer.mails).toHaveLength(1)
    const [mail] = mailServer.mails
    if (!mail) throw new Error('no mail')
    expect(mail).toMatchObject({
      from: 'alerts@getcomplical.example',
      to: ['owner@example.com'],
      secure: true,
    })
    expect(headerOf(mail, 'Subject')).toBe("gc_live_abcd: 80% of the month's calls used")
    expect(headerOf(mail, 'From')).toBe('GetComplical <alerts@getcomplical.example>')
    expect(headerOf(mail, 'Auto-Submitted')).toBe('auto-generated')
    const id = `<${_id.replaceAll(':', '%3A')}@getcomplical.example>`
    expect(headerOf(mail, 'Message-ID')).toBe(id)
    const [, text = '', html = ''] = mail.raw.split(/^Content-Type: text\/(?:plain|html)/m)
    for (const part of [text, html]) {
      for (const figure of ['gc_live_abcd', '80%', '80 %', '800', '1000', '1,000', '2026-11']) {
        expect(part).toContain(figure)
      }
      expect(part).toContain('https://api.example.com/dashboard')
    }
  })

  test('a file in DATA_DIR/mail where there is no SMTP server', async () => {
    const channel = await world.plantChannel({ kind: 'EMAIL', target: 'owner@example.com' })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ dataDir: folder }).start()
    expect((await delivered(_id)).attempts).toMatchObject([{ code: null, error: null }])
    expect(readdirSync(join(folder, 'mail'))).toEqual([`${_id.replaceAll(':', '%3A')}.eml`])
    const text = readFileSync(join(folder, 'mail', `${_id.replaceAll(':', '%3A')}.eml`), 'utf8')
    expect(text).toContain('To: owner@example.com')
    expect(text).toContain("Subject: gc_live_abcd: 80% of the month's calls used")
  })

  test('Slack, as Block Kit', async () => {
    const channel = await world.plantChannel({
      kind: 'SLACK',
      target: `${receiver.url}/services/x`,
    })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ allow: [receiver.host] }).start()
    expect((await delivered(_id)).attempts).toMatchObject([{ code: 204, error: null }])
    const [request] = receiver.requests
    expect(request).toMatchObject({
      method: 'POST',
      path: '/services/x',
      headers: { 'content-type': 'application/json', 'webhook-id': _id },
    })
    expect(request?.headers['user-agent']).toContain('GetComplical')
    const { text, blocks } = JSON.parse(request?.body ?? '')
    expect(text).toContain('gc_live_abcd')
    expect(blocks[0]).toMatchObject({ type: 'header', text: { type: 'plain_text' } })
    expect(request?.body).toContain('<https://api.example.com/dashboard|Open the dashboard>')
  })

  test('Discord, as an embed that mentions nobody', async () => {
    const channel = await world.plantChannel({ kind: 'DISCORD', target: `${receiver.url}/api/x` })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ allow: [receiver.host] }).start()
    await delivered(_id)
    const body = JSON.parse(receiver.requests[0]?.body ?? '')
    expect(body.allowed_mentions).toEqual({ parse: [] })
    expect(body.embeds).toMatchObject([{ url: 'https://api.example.com/dashboard' }])
  })

  test("a customer's web hook, signed as Standard Webhooks", async () => {
    const channel = await world.plantChannel({
      kind: 'WEBHOOK',
      target: `${receiver.url}/hook?a=b`,
    })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ allow: [receiver.host] }).start()
    await delivered(_id)
    const [request] = receiver.requests
    if (!request) throw new Error('no request')
    expect(request.headers['webhook-id']).toBe(_id)
    const headers = request.headers as Record<string, string>
    const event = new Webhook(signingSecret).verify(request.body, headers)
    expect(event).toMatchObject({
      type: 'alert.raised',
      data: { level: 'WARNING', used: 800, monthlyLimit: 1_000, percent: 80, month: '2026-11' },
    })
    const other = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)
    expect(() => other.verify(request.body, headers)).toThrow()
  })

  test('a channel as a test message', async () => {
    const channel = await world.plantChannel({ kind: 'WEBHOOK', target: receiver.url })
    const mail = await world.plantChannel({ kind: 'EMAIL', target: 'owner@example.com' })
    const sent = [
      await world.plantDelivery(channel, { test: true }),
      await world.plantDelivery(mail, { test: true }),
    ]
    world.worker({ allow: [receiver.host], smtpUrl: smtpUrl() }).start()
    for (const { _id } of sent) await delivered(_id)
    expect(JSON.parse(receiver.requests[0]?.body ?? '')).toMatchObject({ type: 'channel.test' })
    expect(mailServer.mails[0]?.raw).toContain('Test message')
  })
})

describe('several workers', () => {
  test('send each of 200 deliveries once', async () => {
    const planted = Array.from({ length: 200 }, async (_, index) => {
      const url = `${receiver.url}/${index}`
      const channel = await world.plantChannel({
        kind: 'WEBHOOK',
        target: url,
        accountId: `acc_${index}`,
      })
      return world.plantDelivery(channel)
    })
    await Promise.all(planted)
    for (let n = 0; n < 4; n++) world.worker({ allow: [receiver.host] }).start()
    await vi.waitFor(
      async () => {
        expect(await deliveries(world.db).countDocuments({ status: 'DELIVERED' })).toBe(200)
      },
      { timeout: 20_000 },
    )
    expect(receiver.requests).toHaveLength(200)
    expect(new Set(receiver.requests.map(({ path }) => path)).size).toBe(200)
  })
})
