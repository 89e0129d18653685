import { readFile } from 'node:fs/promises'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { type Demo, npmStart, temporaryData } from '../flows/npm-start.ts'
import { seriousFindings } from './axe.ts'
import { launchBrowser, openPage } from './browser.ts'
import { goTo, heading, keyCard, notice, signIn, total } from './person.ts'
import { blockedBecause, hostileName, plantAccount, plantHostileNames } from './planted-account.ts'

const now = Date.now()
const today = new Date(now).toISOString().slice(0, 10)
const data = temporaryData()
let demo: Demo
let browser: Browser
let database: Database
beforeAll(async () => {
  const start = npmStart(data.dataDir, { PORT: String(await freePort()) })
  const [ready, launched] = await Promise.all([start.ready, launchBrowser()])
  demo = ready
  browser = launched
  database = await connectDatabase({ uri: demo.mongodbUri })
  await plantAccount(database.db, demo, now)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await database?.close()
  await data.remove()
})

/** By its title, with what is there once it has been read. */
const pages: [string, (page: Page) => Promise<void>][] = [
  ['Overview', (page) => page.getByText('may come to').waitFor()],
  ['Keys', (page) => page.getByRole('button', { name: 'Revoke', exact: true }).waitFor()],
  ['Alerts', (page) => page.getByRole('button', { name: 'Send test' }).waitFor()],
  ['Analytics', (page) => page.getByRole('button', { name: 'Export CSV' }).waitFor()],
]

/** How much wider than the screen it is, px. */
async function excessWidth(page: Page): Promise<number> {
  return await page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)')
}

/** What is behind buttons and summaries; each look is left as it was found. */
async function openAll(page: Page, title: string): Promise<void> {
  for (const summary of await page.locator('summary:visible').all()) await summary.click()
  const dialogs: Record<string, string[]> = {
    Keys: ['Rotate', 'Revoke'],
    Alerts: ['Add channel', 'Edit'],
  }
  for (const name of dialogs[title] ?? []) {
    await page.getByRole('button', { name, exact: true }).click()
    await page.getByRole('dialog').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
}

describe.each(['light', 'dark'] as const)('in %s', { timeout: 90_000 }, (colorScheme) => {
  test('no page keeps anybody out, complains, or is wider than a telephone', async () => {
    const { page, complaints } = await openPage(browser, { colorScheme })
    await signIn(page, demo.url)
    await notice(page, 'Live').waitFor()
    for (const [title, isRead] of pages) {
      await page.setViewportSize({ width: 1_280, height: 800 })
      await goTo(page, title)
      await isRead(page)
      await openAll(page, title)
      expect(await seriousFindings(page), title).toEqual([])
      await page.setViewportSize({ width: 360, height: 740 })
      await expect.poll(() => excessWidth(page), { message: title }).toBe(0)
    }
    expect(complaints).toEqual([])
  })
})

test('says why calls with a key are refused, and where to see to it', {
  timeout: 60_000,
}, async () => {
  const { page } = await openPage(browser)
  await signIn(page, demo.url)
  const banner = page.getByRole('alert').filter({ hasText: 'Calls are refused' })
  await banner.getByText(blockedBecause).waitFor()
  await banner.getByRole('link', { name: /Billing/ }).waitFor()
  await goTo(page, 'Keys')
  const card = keyCard(page, 'Demo key')
  await card.getByText('Blocked').waitFor()
  // The reader's own clock, beside UTC.
  expect(await card.locator('time').first().getAttribute('title')).toMatch(/, your time$/)
  await card.getByText(blockedBecause).waitFor()
})

describe('the page Analytics', { timeout: 60_000 }, () => {
  test('explains days, compares them, and hands them out as they are on the screen', async () => {
    const { page, complaints } = await openPage(browser)
    await signIn(page, demo.url, 'analytics?range=last7&countries=AU%2CUS')
    const explained = page.getByRole('region', { name: 'What explains the peaks' })
    await explained.getByText('five times the usual calls').waitFor()
    const chart = page.getByRole('region', { name: 'Units by day' })
    await chart.getByText('Unusual day', { exact: true }).waitFor()
    await chart.getByText('A month before', { exact: true }).first().waitFor()
    await chart.getByText('Show as a table').click()
    await chart.getByRole('row', { name: /five times the usual calls/ }).waitFor()

    const csv = await saved(page, 'Export CSV')
    expect(csv.name).toMatch(/^getcomplical-usage-.*-by-key\.csv$/)
    expect(csv.text.split('\r\n')[0]).toBe('date,by,id,name,units')
    expect(csv.text).toContain(`${today},KEY,${demo.apiKeyId},Demo key,1234\r\n`)
    await page.getByText('Endpoint', { exact: true }).click()
    await page.getByRole('region', { name: 'By endpoint' }).getByText('obligations').waitFor()
    const json = JSON.parse((await saved(page, 'Export JSON')).text)
    expect(json).toMatchObject({ by: 'ENDPOINT', to: today })
    expect(json.groups).toHaveLength(2)
    expect(json.unusualDays).toHaveLength(1)
    expect(complaints).toEqual([])
  })

  test('marks the due dates of whoever is chosen', async () => {
    const { page } = await openPage(browser)
    await signIn(page, demo.url, 'analytics?range=last90&countries=AU')
    const chart = page.getByRole('region', { name: 'Units by day' })
    await chart.getByText('Tax due date', { exact: true }).waitFor()
    const explained = page.getByRole('region', { name: 'What explains the peaks' })
    expect(await explained.getByText('Australia').count()).toBeGreaterThan(1)
  })
})

async function saved(page: Page, button: string): Promise<{ name: string; text: string }> {
  const waiting = page.waitForEvent('download')
  await page.getByRole('button', { name: button }).click()
  const download: Download = await waiting
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
}

describe('a page that cannot be read', { timeout: 60_000 }, () => {
  test.each([
    ['Overview', 'Your usage could not be read.'],
    ['Keys', 'Your keys could not be read.'],
    ['Alerts', 'Your alerts could not be read.'],
    ['Analytics', 'Your usage could not be read.'],
  ])('%s says so, and reads again when it is asked to', async (title, words) => {
    const { page } = await openPage(browser)
    await signIn(page, demo.url, 'explore')
    await heading(page, 'Explore').waitFor()
    const answered = Promise.withResolvers<void>()
    let broken = true
    await page.route('**/graphql', async (route) => {
      if (!broken) return await route.continue()
      await answered.promise
      await route.abort()
    })
    await page.getByRole('link', { name: title, exact: true }).click()
    await page.getByRole('main').getByRole('status').first().waitFor()
    answered.resolve()
    await page.getByRole('alert').filter({ hasText: words }).first().waitFor()
    broken = false
    await page.getByRole('button', { name: 'Try again' }).first().click()
    const isRead = pages.find(([one]) => one === title)?.[1]
    await isRead?.(page)
  })
})

test('a name that means harm stands there as text', { timeout: 60_000 }, async () => {
  await plantHostileNames(database.db, demo)
  const { page, complaints } = await openPage(browser, { viewport: { width: 800, height: 800 } })
  await signIn(page, demo.url)
  for (const [title, isRead] of pages) {
    await goTo(page, title)
    await isRead(page)
    await page.getByText(hostileName).first().waitFor()
    expect(await page.locator('img').count(), title).toBe(0)
    expect(await excessWidth(page), title).toBe(0)
    // Nor is any of it cut off.
    const furthest = await page.evaluate(
      `Math.max(...[...document.querySelectorAll('main bdi')].map((name) => name.getBoundingClientRect().right))`,
    )
    expect(furthest, title).toBeLessThanOrEqual(800)
    // What stands beside it keeps its direction.
    const turned = page.locator('bdi', { hasText: 'onerror' }).first()
    expect(await turned.evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe(
      'isolate',
    )
  }
  expect(await page.evaluate('window.harmed')).toBeUndefined()
  await goTo(page, 'Overview')
  await total(page, hostileName).waitFor()
  expect(complaints).toEqual([])
})
