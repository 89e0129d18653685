import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, monthName, startOfMonth } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { pdfPages } from '../billing/pdf-text.ts'
import { type SentSubscription, stripeSubscriptionOf } from '../billing/signed-events.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'
import { plantUsage } from '../planted-usage.ts'
import { seriousFindings } from './axe.ts'
import {
  amountIn,
  askApi,
  bearerOf,
  type DemoWorld,
  expectAsText,
  expectUsable,
  hostileName,
  startDemoWorld,
} from './demo-world.ts'

const secret = 'whsec_of_the_dashboard_tests'
const lastMonth = monthName(startOfMonth(Date.now()) - DAY)
/** Events of one second have no order of their own: each is later than the one before. */
let at = Math.floor(Date.now() / 1_000) - 3_600
const later = () => (at += 60)
let stripe: StripeStandIn
let world: DemoWorld
let subscription: SentSubscription
let boughtFor: string

beforeAll(async () => {
  stripe = await startStripeStandIn()
  world = await startDemoWorld({
    ...{ STRIPE_WEBHOOK_SECRETS: secret, STRIPE_SECRET_KEY: stripe.key },
    STRIPE_API_BASE: stripe.url,
  })
  const { demo, db, administer } = world
  // As if it had been there the whole month before: nobody can wait for it.
  const createdAt = new Date(startOfMonth(startOfMonth(Date.now()) - DAY))
  await apiKeys(db).updateOne({ _id: demo.apiKeyId }, { $set: { createdAt } })
  const since = { $set: { at: createdAt, recordedAt: createdAt } }
  await accessHistory(db).updateMany({ apiKeyId: demo.apiKeyId }, since)
  // Half as much again as the plan's limit.
  await plantUsage(db, [
    {
      ...{ apiKeyId: demo.apiKeyId, accountId: demo.accountId, tier: 'pro' },
      ...{ at: createdAt.getTime() + 14 * DAY, units: 150_000, hour: false },
    },
  ])
  await administer('mutation ($month: YearMonth) { triggerInvoicing(month: $month) { issued } }', {
    month: lastMonth,
  })
  const { createApiKey } = await administer<{ createApiKey: { apiKey: { id: string } } }>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }',
    { input: { accountId: demo.accountId, name: 'Bought', tier: 'free' } },
  )
  boughtFor = createApiKey.apiKey.id
  subscription = stripeSubscriptionOf(demo.url, boughtFor, { secret })
}, 240_000)
afterAll(async () => {
  await world?.end()
  await stripe?.stop()
})

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const banner = (page: Page) => page.getByRole('alert').filter({ hasText: 'has failed' })

interface Invoice {
  number: string
  month: string
  total: { amount: string; currency: string }
}

describe('invoices', { timeout: 60_000 }, () => {
  test('stand there with the amounts of the API, each a PDF to take home', async () => {
    const { page, complaints } = await world.open('/billing')
    const { invoices } = await askApi<{ invoices: { edges: { node: Invoice }[] } }>(
      world.demo.url,
      await bearerOf(page),
      '{ invoices { edges { node { number month total { amount currency } } } } }',
    )
    const [first] = invoices.edges.map(({ node }) => node)
    if (!first) throw new Error('there is no invoice')
    expect(first.month).toBe(lastMonth)
    const row = panel(page, 'Invoices').getByRole('row').filter({ hasText: first.number })
    const total = row.getByRole('cell').filter({ hasText: first.total.currency })
    expect(amountIn(await total.textContent())).toBe(first.total.amount)

    const file = `${first.number}.pdf`
    const download = page.waitForEvent('download')
    await row.getByRole('button', { name: `Download ${file}` }).click()
    const taken = await download
    expect(taken.suggestedFilename()).toBe(file)
    const pdf = await readFile(await taken.path())
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    const text = (await pdfPages(pdf)).join(' ')
    expect(text).toContain(first.number)
    expect(text).toContain(first.total.amount)
    expect(complaints).toEqual([])
  })

  test('of the running month are foretold, and other plans are priced, as the API does', async () => {
    const { page, complaints } = await world.open('/billing')
    interface Costs {
      planCosts: { plan: { name: string }; base: { amount: string }; total: { amount: string } }[]
      previewInvoice: { total: { amount: string } }
    }
    const said = await askApi<Costs>(
      world.demo.url,
      await bearerOf(page),
      `query ($last: YearMonth!, $now: YearMonth!) {
        planCosts(month: $last) { plan { name } base { amount } total { amount } }
        previewInvoice(month: $now, kind: INVOICE) { total { amount } }
      }`,
      { last: lastMonth, now: monthName(Date.now()) },
    )
    const costs = panel(page, 'What would it cost on another plan?')
    for (const { plan, base, total } of said.planCosts) {
      const row = costs.getByRole('row', { name: new RegExp(`^${plan.name}`) })
      const figure = (column: number) =>
        row.getByRole('cell').nth(column).locator('.figures').first()
      expect(amountIn(await figure(0).textContent())).toBe(base.amount)
      expect(amountIn(await figure(2).textContent())).toBe(total.amount)
    }
    const withOverage = said.planCosts.filter(({ base, total }) => base.amount !== total.amount)
    expect(withOverage.length).toBeGreaterThan(0)
    const preview = page.getByRole('region', { name: 'Invoice', exact: true })
    const shown = await preview.getByText(/^USD/).first().textContent()
    expect(amountIn(shown)).toBe(said.previewInvoice.total.amount)
    expect(complaints).toEqual([])
  })
})

describe('plans', { timeout: 60_000 }, () => {
  test('are bought on the provider’s page, to which one button leads', async () => {
    const { page } = await world.open('/billing')
    // Nothing of the stand-in answers there.
    await page.route(/checkout\.stripe/, (route) => route.fulfill({ body: 'the checkout' }))
    await page.getByRole('button', { name: 'Choose a plan for Bought' }).click()
    const pay = page.getByRole('button', { name: 'Pay with Stripe for Starter' })
    await pay.waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await pay.click()
    await page.getByText('the checkout').waitFor()
    const session = stripe.sessions.at(-1)
    expect(page.url()).toBe(session?.url)
    expect(JSON.stringify(session?.params)).toContain(boughtFor)
  })

  test('whose payment fails are told of while one looks, with what to do, until it is paid', async () => {
    const { page, complaints } = await world.open('/billing')
    await panel(page, 'Plans of your keys').waitFor()
    await subscription.updated(later(), { currentPeriodEnd: at + 30 * 86_400 })
    await page.getByText('Starter by Stripe, renewed on').waitFor()
    expect(await banner(page).count()).toBe(0)

    await subscription.paymentFailed(later())
    await banner(page).waitFor()
    const { account } = await askApi<{
      account: { apiKeys: { id: string; refusedFrom: string }[] }
    }>(world.demo.url, await bearerOf(page), '{ account { apiKeys { id refusedFrom } } }')
    const refusedFrom = account.apiKeys.find(({ id }) => id === boughtFor)?.refusedFrom
    await banner(page).locator(`time[datetime="${refusedFrom}"]`).waitFor()
    await page.route(/billing\.stripe/, (route) => route.fulfill({ body: 'the portal' }))
    await page.getByRole('button', { name: 'Pay or change the payment method, Bought' }).click()
    await page.getByText('the portal').waitFor()

    await page.goBack()
    await banner(page).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await subscription.paid(later())
    await banner(page).waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })
})

test.each(['light', 'dark'] as const)(
  'the page keeps nobody out, wide or narrow, whatever people call themselves, in %s',
  async (colorScheme) => {
    const input = { name: hostileName, billingName: hostileName }
    await rename('Account', world.demo.accountId, input)
    await rename('ApiKey', boughtFor, { name: hostileName })
    await subscription.updated(later())
    await subscription.paymentFailed(later())
    const { page, complaints } = await world.open('/billing', { colorScheme })
    await banner(page).waitFor()
    await expectAsText(page, hostileName)
    await page.getByRole('region', { name: 'Invoice', exact: true }).waitFor()
    await page.getByText('Cheapest').first().waitFor()
    await page
      .getByRole('button', { name: /^Download/ })
      .first()
      .waitFor()
    for (const width of [1280, 360]) await expectUsable(page, width)
    expect(complaints).toEqual([])
  },
  120_000,
)

async function rename(of: 'Account' | 'ApiKey', id: string, input: object): Promise<void> {
  await world.administer(
    `mutation ($id: ID!, $input: Update${of}Input!) { update${of}(id: $id, input: $input) { id } }`,
    { id, input },
  )
}
