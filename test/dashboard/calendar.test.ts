import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askApi, bearerOf, type DemoWorld, expectUsable, startDemoWorld } from './demo-world.ts'

const ics = /https?:\/\/[^\s"]+\.ics/
let world: DemoWorld

beforeAll(async () => {
  world = await startDemoWorld({})
}, 240_000)
afterAll(() => world?.end())

async function choose(page: Page, list: string, ...options: string[]): Promise<void> {
  await page.getByRole('combobox', { name: list }).click()
  for (const name of options) await page.getByRole('option', { name, exact: true }).click()
  await page.keyboard.press('Escape')
}

/** Of the next 180 days in Australia. */
async function watchAustralia(page: Page): Promise<void> {
  await choose(page, 'Countries', 'Australia')
  await choose(page, 'Look ahead', '180 days')
  await page.getByRole('button', { name: 'Show dates' }).click()
  await page.getByText(/^\d+ of \d+ dates\./).waitFor()
}

interface Due {
  dueDate: string
  statutoryDate: string
  obligation: { taxType: string; rule: string }
}

async function dueInAustralia(): Promise<{ totalCount: number; dates: Due[] }> {
  const { upcomingTaxDates } = await askApi<{
    upcomingTaxDates: { totalCount: number; edges: { node: Due }[] }
  }>(
    world.demo.url,
    { 'x-api-key': world.demo.apiKey },
    `{ upcomingTaxDates(countries: [AU], days: 180, first: 50) {
      totalCount edges { node { dueDate statutoryDate obligation { taxType rule } } }
    } }`,
  )
  const { totalCount, edges } = upcomingTaxDates
  return { totalCount, dates: edges.map(({ node }) => node) }
}

/** This question included: what is reserved is known at once, what is counted a second later. */
async function usedUnits(): Promise<number> {
  const response = await fetch(`${world.demo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': world.demo.apiKey },
    body: '{"query":"{ countries { code } }"}',
  })
  const { extensions } = (await response.json()) as { extensions: { usage: { used: number } } }
  return extensions.usage.used
}

describe('a watch', { timeout: 60_000 }, () => {
  test('shows the next dates as the API has them, and why each is that day', async () => {
    const { page, complaints } = await world.open('/calendar')
    await watchAustralia(page)
    const { totalCount, dates } = await dueInAustralia()
    await page.getByText(`${dates.length} of ${totalCount} dates.`).waitFor()
    const items = page.locator('.mantine-Accordion-item')
    const shown = await items.evaluateAll((all) =>
      all.map((item) => item.querySelector('time')?.dateTime),
    )
    expect(shown).toEqual(dates.map(({ dueDate }) => dueDate))

    const index = dates.findIndex(({ dueDate, statutoryDate }) => dueDate !== statutoryDate)
    const moved = dates[index]
    if (!moved) throw new Error('no date of these is moved')
    const item = items.nth(index)
    await item.getByRole('button', { name: new RegExp(moved.obligation.taxType) }).click()
    await item.getByText('How it comes to this day').waitFor()
    const steps = item.locator('.mantine-Timeline-item')
    expect(await steps.first().locator('time').getAttribute('datetime')).toBe(moved.statutoryDate)
    expect(await steps.last().locator('time').getAttribute('datetime')).toBe(moved.dueDate)
    expect(await steps.count()).toBeGreaterThan(2)
    const said = (await item.textContent())?.toLowerCase()
    expect(said).toContain(moved.obligation.rule.toLowerCase())
    expect(await item.getByRole('link').first().getAttribute('href')).toMatch(/^https:/)
    expect(complaints).toEqual([])
  })

  test('costs what it says, and nothing but for the asking', async () => {
    const { page } = await world.open('/calendar')
    const before = await usedUnits()
    await watchAustralia(page)
    await page.getByText('That cost 1 unit.').waitFor()
    await page.locator('.mantine-Accordion-control').first().click()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('link', { name: 'Tax calendar' }).click()
    // What was paid for is still there.
    await page.locator('.mantine-Accordion-control').first().waitFor()
    expect(await usedUnits()).toBe(before + 1 + 1)
    await page.reload()
    await page.getByRole('button', { name: 'Show dates' }).waitFor()
    await page.locator('.mantine-Pill-root').filter({ hasText: 'Australia' }).waitFor()
    expect(await usedUnits()).toBe(before + 1 + 2)
  })

  test('becomes a feed that calendar programs read until it is revoked', async () => {
    const { page, complaints } = await world.open('/calendar')
    await choose(page, 'Countries', 'Australia')
    await page.getByRole('tab', { name: 'Calendar feeds' }).click()
    await page.getByRole('textbox', { name: 'Name of the feed' }).fill('Office')
    await page.getByRole('button', { name: 'Create feed' }).click()
    const shown = page.getByText(ics).first()
    await shown.waitFor()
    const address = ics.exec((await shown.textContent()) ?? '')?.[0] ?? ''
    const feed = await fetch(address)
    expect(feed.status).toBe(200)
    expect(feed.headers.get('content-type')).toContain('text/calendar')
    const [first] = (await dueInAustralia()).dates
    expect(await feed.text()).toContain(`DTSTART;VALUE=DATE:${first?.dueDate.replaceAll('-', '')}`)

    await page.getByRole('button', { name: 'Revoke the feed “Office”' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByRole('row').filter({ hasText: 'Office' }).getByText('Revoked').waitFor()
    expect((await fetch(address)).status).toBe(404)
    expect(complaints).toEqual([])
  })
})

test.each(['light', 'dark'] as const)(
  'the page keeps nobody out, wide or narrow, in %s',
  async (colorScheme) => {
    const { page, complaints } = await world.open('/calendar', { colorScheme })
    await watchAustralia(page)
    await page.locator('.mantine-Accordion-control').filter({ hasText: 'Moved' }).first().click()
    await page.getByText('How it comes to this day').waitFor()
    for (const width of [1280, 360]) await expectUsable(page, width)
    await page.getByRole('tab', { name: 'Calendar feeds' }).click()
    await page.getByRole('button', { name: 'Create feed' }).click()
    await page.getByText(ics).first().waitFor()
    for (const width of [1280, 360]) await expectUsable(page, width)
    expect(complaints).toEqual([])
  },
  120_000,
)

test.each(['light', 'dark'] as const)(
  'Explore opens an example and keeps nobody out, in %s',
  async (colorScheme) => {
    const { page, complaints } = await world.open('/explore', { colorScheme })
    const graphiql = page.frameLocator('iframe[title="GraphiQL"]')
    await graphiql.getByRole('button', { name: /Execute query/ }).waitFor()
    await choose(page, 'Example', 'How much was used?')
    await graphiql.getByText('costs nothing').waitFor()
    await graphiql.getByRole('button', { name: /Execute query/ }).click()
    await graphiql.locator('.result-window').getByText('"monthlyLimit"').waitFor()
    for (const width of [1280, 360]) await expectUsable(page, width)
    expect(complaints).toEqual([])
  },
  120_000,
)

test('the operator’s page is neither linked nor shown nor answered to anybody else', async () => {
  const { page } = await world.open('/admin')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  expect(await page.getByRole('link', { name: 'Admin' }).count()).toBe(0)
  const response = await fetch(`${world.demo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(await bearerOf(page)) },
    body: '{"query":"{ accounts { totalCount } }"}',
  })
  expect(response.status).toBe(403)
})

test('where no payment provider is set up, the page Billing says so, and sells nothing', async () => {
  const { page } = await world.open('/billing')
  await page.getByText('No payment provider is set up on this server').waitFor()
  expect(await page.getByRole('button', { name: /Choose a plan/ }).count()).toBe(0)
})
