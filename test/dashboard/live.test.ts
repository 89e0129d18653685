import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { type Demo, npmStart, temporaryData } from '../flows/npm-start.ts'
import { raise } from '../raised-alerts.ts'
import { launchBrowser, openPage } from './browser.ts'
import { openFlood } from './flood.ts'
import { type Network, startNetwork } from './network.ts'
import {
  call,
  goTo,
  heading,
  keyCard,
  notice,
  signIn,
  total,
  unitsIn,
  untilShown,
} from './person.ts'

const data = temporaryData()
const UPDATES = 10_000
let demo: Demo
let browser: Browser
let database: Database
let network: Network
/** Of the product, seen through the network. */
let outside: string
beforeAll(async () => {
  const port = await freePort()
  network = await startNetwork(port)
  outside = `http://127.0.0.1:${network.port}`
  const start = npmStart(data.dataDir, { PORT: String(port), PUBLIC_URL: outside })
  const [ready, launched] = await Promise.all([start.ready, launchBrowser()])
  demo = ready
  browser = launched
  database = await connectDatabase({ uri: demo.mongodbUri })
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await database?.close()
  await network?.close()
  await data.remove()
})

/** Past the network: it is counted, whatever the page hears of it. */
async function callTimes(times: number): Promise<void> {
  for (let calls = 0; calls < times; calls++) {
    expect((await call(demo.url, demo.apiKey)).status).toBe(200)
  }
}

/** As an operator does it, somewhere else. */
async function rename(name: string): Promise<void> {
  const response = await fetch(`${demo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': demo.adminApiKey },
    body: JSON.stringify({
      query: `mutation ($id: ID!, $name: String!) {
        updateApiKey(id: $id, input: { name: $name }) { name }
      }`,
      variables: { id: demo.apiKeyId, name },
    }),
  })
  expect(await response.json()).toMatchObject({ data: { updateApiKey: { name } } })
}

async function openLive(page: Page): Promise<number> {
  await signIn(page, outside)
  await notice(page, 'Live').waitFor()
  return await unitsIn(total(page))
}

describe('a connection', { timeout: 90_000 }, () => {
  afterEach(() => network.restore())

  test('that is cut is told of, and caught up with when it is back', async () => {
    const { page } = await openPage(browser)
    const before = await openLive(page)
    await callTimes(1)
    await untilShown(total(page), before + 1)
    network.cut()
    await notice(page, 'Reconnecting…').waitFor()
    await callTimes(7)
    await raise(database.db, demo, { message: 'raised while nobody heard it' })
    // What was seen last stays on the screen, and other pages can be opened.
    expect(await unitsIn(total(page))).toBe(before + 1)
    network.restore()
    await notice(page, 'Live').waitFor()
    await untilShown(total(page), before + 8)
    await page.locator('.raised-alerts').getByText('raised while nobody heard it').waitFor()
    await callTimes(1)
    await untilShown(total(page), before + 9)
    // What does not come over the socket was read anew, too.
    const endpoints = page.getByRole('region', { name: 'Endpoints this month' })
    const row = endpoints.getByRole('row', { name: /countries/ })
    await untilShown(row.getByRole('cell').nth(1), before + 9, 20_000)
  })

  test('that comes back brings what was changed elsewhere meanwhile', async () => {
    const { page } = await openPage(browser)
    await openLive(page)
    await goTo(page, 'Alerts')
    const key = page.getByRole('heading', { level: 3, name: /^Demo key/ })
    await key.waitFor()
    network.cut()
    await notice(page, 'Reconnecting…').waitFor()
    await rename('Renamed meanwhile')
    network.restore()
    await page.getByRole('heading', { level: 3, name: /^Renamed meanwhile/ }).waitFor()
    await rename('Demo key')
  })

  test('that was away when a page was opened first brings that page when it is back', async () => {
    const { page } = await openPage(browser)
    await openLive(page)
    network.cut()
    await notice(page, 'Reconnecting…').waitFor()
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByText('This page could not be loaded.').waitFor()
    // It is there still: nothing is left for as long as nobody would answer.
    await page.getByRole('button', { name: 'Try again' }).click()
    network.restore()
    await heading(page, 'Keys').waitFor()
    await keyCard(page, 'Demo key').waitFor()
  })

  test('brings a page whose code did not come, or is of another build, when one asks again', async () => {
    const { page } = await openPage(browser)
    await openLive(page)
    await page.route('**/assets/keys-*.js', (route) => route.fulfill({ status: 404 }))
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByText('This page could not be loaded.').waitFor()
    await page.unroute('**/assets/keys-*.js')
    await page.getByRole('button', { name: 'Try again' }).click()
    await keyCard(page, 'Demo key').waitFor()
    expect(page.url()).toBe(`${outside}/dashboard/keys`)
  })

  test.each([1011, 4429])('that the server ends with %i is tried again', async (code) => {
    const { page } = await openPage(browser)
    let refused = 0
    await page.routeWebSocket('**/graphql', (socket) => {
      refused += 1
      if (refused > 2) socket.connectToServer()
      else socket.close({ code })
    })
    const before = await openLive(page)
    await callTimes(1)
    await untilShown(total(page), before + 1)
    expect(refused).toBeGreaterThan(2)
  })

  test('that ends with the session asks who is there, and does not try for ever', async () => {
    const { page } = await openPage(browser)
    await openLive(page)
    let end = () => {}
    await page.routeWebSocket('**/graphql', (socket) => {
      socket.connectToServer()
      end = () => void socket.close({ code: 4401 })
    })
    await page.reload()
    await notice(page, 'Live').waitFor()
    const other = await page.context().newPage()
    await other.goto(`${outside}/dashboard/`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    // The issuer goes by another name than this page, and asks whether that was somebody's wish.
    await heading(other, 'Sign out of the demo').waitFor()
    await other.getByRole('button', { name: 'Sign out' }).click()
    await heading(other, 'You are signed out').waitFor()
    end()
    await page.getByRole('button', { name: 'Continue as demo' }).waitFor()
  })

  test('over which nothing comes any more is noticed, though nobody ended it', async () => {
    const { page } = await openPage(browser)
    await page.clock.install()
    const before = await openLive(page)
    network.silence()
    await callTimes(3)
    expect(await unitsIn(total(page))).toBe(before)
    // A ping, and no answer to it: the page's clock, not ours.
    await page.clock.fastForward(10_000)
    await page.clock.fastForward(5_000)
    await untilShown(total(page), before + 3)
    await notice(page, 'Live').waitFor()
  })
})

describe('ten thousand updates', { timeout: 90_000 }, () => {
  test.each(['Overview', 'Keys'])(
    'do not slow the page %s, and the last one stands',
    async (title) => {
      const { page, complaints } = await openPage(browser)
      const flood = await openFlood(page)
      const before = await openLive(page)
      await goTo(page, title)
      const place = total(page, title === 'Overview' ? undefined : 'Demo key')
      await untilShown(place, before)
      const { shown, frames, longest, took } = await flood.run(UPDATES)
      expect(await unitsIn(place)).toBe(before + UPDATES)
      console.log(
        `${title}: ${UPDATES} updates in ${Math.round(took)} ms, drawn ${shown} times in ${frames} frames, ` +
          `the longest of ${Math.round(longest)} ms`,
      )
      // Drawn as the screen is, not as messages come.
      expect(shown).toBeGreaterThan(2)
      expect(shown).toBeLessThanOrEqual(frames + 1)
      expect(longest).toBeLessThan(1_000)
      expect(complaints).toEqual([])
      // And it is not out of breath after them.
      await goTo(page, 'Alerts')
    },
  )
})
