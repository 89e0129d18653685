import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { mailsIn } from '../billing/mailed-files.ts'
import {
  askApi,
  type DemoWorld,
  expectAsText,
  expectUsable,
  hostileName,
  startDemoWorld,
} from './demo-world.ts'

let world: DemoWorld

beforeAll(async () => {
  world = await startDemoWorld({ DEMO_ADMIN: '1' })
  await world.administer(
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
    { input: { name: hostileName, email: 'other@example.com', userId: 'other' } },
  )
  await plantDead()
}, 240_000)
afterAll(() => world?.end())

/** A mail that was given up, and an event that could not be applied: hours of tries, which nobody can wait for. */
async function plantDead(): Promise<void> {
  const { db, demo } = world
  const { accountId } = demo
  const channel = await channels(db).findOne({ accountId })
  if (!channel) throw new Error('the demo has no channel')
  const at = new Date(Date.now() - 1_000)
  await deliveries(db).insertOne({
    ...{ _id: `tst_1:${channel._id}`, accountId, channelId: channel._id, event: { kind: 'test' } },
    ...{ status: 'DEAD', attempts: [{ at, tookMs: 7, code: 550, error: 'No such mailbox.' }] },
    ...{ dueAt: at, createdAt: at, deliveredAt: null, expiresAt: new Date(Date.now() + DAY) },
  })
  await billingInbox(db).insertOne({
    ...{ _id: 'STRIPE:evt_dead', provider: 'STRIPE', eventId: 'evt_dead', type: 'invoice.paid' },
    ...{ receivedAt: at, contentHash: 'hash', raw: { keyId: 'k1', iv: 'iv', data: 'broken' } },
    ...{ status: 'DEAD', because: 'it is broken', attempts: 6, dueAt: at, settledAt: at },
  })
}

async function call(): Promise<void> {
  const { url, apiKey } = world.demo
  await askApi(url, { 'x-api-key': apiKey }, '{ countries { code } }')
}

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

describe('an operator', { timeout: 60_000 }, () => {
  test('finds every account with its keys, whatever it calls itself', async () => {
    const { page, complaints } = await world.open('/')
    await page.getByRole('link', { name: 'Admin' }).click()
    await page.getByText('2 accounts').waitFor()
    await expectAsText(page, hostileName)
    await page.getByRole('searchbox', { name: 'Search' }).fill('demo@example')
    await page.getByText('1 account', { exact: true }).waitFor()
    await page.getByRole('button', { name: /demo@example\.com/ }).click()
    await page.getByText(world.demo.apiKeyId).waitFor()
    await page.getByRole('tab', { name: 'Access changes' }).click()
    const change = page.getByRole('row').filter({ hasText: world.demo.apiKeyId })
    await change.getByText('Created: Plan pro').waitFor()
    expect(complaints).toEqual([])
  })

  test('sees that every partition is counted, and the spool that calls wait in', async () => {
    const { page, complaints } = await world.open('/admin/pipeline')
    await panel(page, 'Partitions').waitFor()
    const rows = panel(page, 'Partitions').getByRole('row')
    expect(await rows.count()).toBe(1 + 16)
    await page.getByText('Every partition has one.').waitFor()
    const waiting = page.getByRole('group', { name: 'Waiting to be counted' })
    await expect.poll(() => waiting.textContent()).toMatch(/^Waiting to be counted0/)
    expect(await panel(page, 'Spools').getByText('Fed', { exact: true }).count()).toBe(1)
    expect(complaints).toEqual([])
  })

  test('sends again what was given up, once and with the same id', async () => {
    const { page, complaints } = await world.open('/admin/dead-letters')
    const dead = panel(page, 'Deliveries that were given up').getByRole('row')
    await dead.filter({ hasText: '550 No such mailbox.' }).waitFor()
    await page.getByRole('button', { name: /^Replay delivery tst_1:/ }).click()
    await page.getByText('Waits to be sent again: tst_1').waitFor()
    const stored = () => deliveries(world.db).findOne({ status: 'DELIVERED' })
    await expect.poll(async () => (await stored())?._id).toMatch(/^tst_1:/)
    expect(mailsIn(world.dataDir).filter((mail) => mail.includes('tst_1')).length).toBe(1)

    await page.getByRole('button', { name: 'Replay event STRIPE:evt_dead' }).click()
    await page.getByText('Waits to be applied again: STRIPE:evt_dead').waitFor()
    const event = () => billingInbox(world.db).findOne({ _id: 'STRIPE:evt_dead' })
    // It is as broken as before, and tried anew.
    await expect.poll(async () => (await event())?.attempts).not.toBe(6)
    expect(complaints).toEqual([])
  })

  test('closes a day, looks at every key and invoices a month by a button each', async () => {
    for (let calls = 0; calls < 3; calls++) await call()
    const cells = () => usageCells(world.db).days.findOne({ apiKeyId: world.demo.apiKeyId })
    await expect.poll(async () => (await cells())?.total).toBe(3)
    const { page, complaints } = await world.open('/admin/jobs')
    const today = new Date().toISOString().slice(0, 10)
    await page.getByLabel('Day, UTC').fill(today)
    await page.getByRole('button', { name: 'Aggregate' }).click()
    const closed = panel(page, 'Close a day').getByRole('status')
    await closed.getByText('Hours, days and months agree.').waitFor()
    expect(await closed.textContent()).toContain(`${today}: 3 units of 1 key.`)
    await page.getByRole('button', { name: 'Monitor' }).click()
    await panel(page, 'Look at every key').getByText('1 key with usage this month').waitFor()
    await page.getByRole('button', { name: 'Invoice', exact: true }).click()
    await panel(page, 'Invoice a month').getByText('documents made').waitFor()
    expect(complaints).toEqual([])
  })

  test('hears why something was not done', async () => {
    const { page } = await world.open('/admin/jobs')
    await page.getByLabel('Month, UTC').fill('2026-13')
    await page.getByRole('button', { name: 'Invoice', exact: true }).click()
    await page.getByRole('alert').getByText('The month was not invoiced.').waitFor()
  })
})

test.each(['light', 'dark'] as const)(
  'the pages keep no operator out, wide or narrow, in %s',
  async (colorScheme) => {
    const { page, complaints } = await world.open('/admin', { colorScheme })
    const ready = {
      Accounts: '2 accounts',
      Pipeline: 'Every partition has one.',
      'Dead letters': 'Events of payment providers',
      Jobs: 'Invoice a month',
      'Access changes': 'Created: Plan pro',
    }
    for (const [tab, until] of Object.entries(ready)) {
      await page.getByRole('tab', { name: tab }).click()
      await page.getByText(until).first().waitFor()
      if (tab === 'Accounts') {
        await page.getByRole('button', { name: /demo@example\.com/ }).click()
        await page.getByText(world.demo.apiKeyId).waitFor()
      }
      for (const width of [1280, 360]) await expectUsable(page, width)
    }
    expect(complaints).toEqual([])
  },
  120_000,
)
