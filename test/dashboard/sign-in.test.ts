import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { findLeftovers } from '../../src/embedded/leftovers.ts'
import { type Demo, npmStart, type Start, temporaryData } from '../flows/npm-start.ts'
import { seriousFindings } from './axe.ts'
import { launchBrowser, openPage } from './browser.ts'

const data = temporaryData()
let demo: Demo
let start: Start
let browser: Browser
beforeAll(async () => {
  start = npmStart(data.dataDir, { PORT: String(await freePort()) })
  const [ready, launched] = await Promise.all([start.ready, launchBrowser()])
  demo = ready
  browser = launched
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await data.remove()
})

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true })
const total = (page: Page) => page.getByRole('group', { name: 'Units this month, all keys' })

async function signIn(page: Page): Promise<void> {
  await page.goto(`${demo.url}/dashboard/`)
  await page.getByRole('button', { name: 'Continue as demo' }).click()
  await heading(page, 'Overview').waitFor()
}

/** With the demo key, as `npm start` prints it. */
async function call(): Promise<void> {
  const response = await fetch(`${demo.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': demo.apiKey },
    body: '{"query":"{ countries { code } }"}',
  })
  expect(response.status).toBe(200)
}

async function unitsIn(page: Page): Promise<number> {
  return Number(((await total(page).textContent()) ?? '').replaceAll(/\D/g, ''))
}

/** How long until the screen shows it, ms. */
async function untilShown(page: Page, units: number): Promise<number> {
  const since = performance.now()
  await expect.poll(() => unitsIn(page), { interval: 10, timeout: 10_000 }).toBe(units)
  return performance.now() - since
}

describe('a newcomer', { timeout: 60_000 }, () => {
  test('is one click away from a number that moves with each call', async () => {
    const { page, complaints } = await openPage(browser)
    await signIn(page)
    expect(page.url()).toBe(`${demo.url}/dashboard/`)
    await page.getByText('Live', { exact: true }).waitFor()
    const before = await unitsIn(page)
    const took: number[] = []
    for (let calls = 1; calls <= 5; calls++) {
      await call()
      took.push(await untilShown(page, before + calls))
    }
    console.log(`from call to screen: ${took.map((ms) => Math.round(ms)).join(', ')} ms`)
    expect(Math.max(...took)).toBeLessThan(2_000)
    expect(complaints).toEqual([])
  })

  test('stays signed in over a reload, with no token where a script could find it', async () => {
    const { page, complaints } = await openPage(browser)
    await signIn(page)
    await page.goto(`${demo.url}/dashboard/keys`)
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    expect(page.url()).toBe(`${demo.url}/dashboard/keys`)
    const stored = await page.evaluate('JSON.stringify([localStorage, sessionStorage])')
    expect(stored).not.toMatch(/eyJ|refresh|access/)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(complaints).toEqual([])
  })

  test('goes back behind a reload, and is not sent forward again by signing in', async () => {
    const { page, complaints } = await openPage(browser)
    await signIn(page)
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await heading(page, 'Keys').waitFor()
    await page.reload()
    await heading(page, 'Keys').waitFor()
    await page.goBack()
    await heading(page, 'Overview').waitFor()
    expect(page.url()).toBe(`${demo.url}/dashboard/`)
    await page.goForward()
    await heading(page, 'Keys').waitFor()
    expect(complaints).toEqual([])
  })

  test('is asked anew, and not refused, at the address of an earlier try', async () => {
    const { page, complaints } = await openPage(browser)
    await page.goto(`${demo.url}/dashboard/keys`)
    await page.getByRole('button', { name: 'Continue as demo' }).waitFor()
    await page.goto(`${demo.url}/dashboard/callback?code=earlier&state=earlier`)
    await page.getByRole('button', { name: 'Continue as demo' }).click()
    await heading(page, 'Keys').waitFor()
    expect(complaints).toEqual([])
  })

  test('signs out with one click, and in again only when he wants to', async () => {
    const { page, complaints } = await openPage(browser)
    await signIn(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await heading(page, 'You are signed out').waitFor()
    await page.reload()
    await heading(page, 'You are signed out').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Continue as demo' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('signs out in a second window after the first', async () => {
    const first = await openPage(browser)
    await signIn(first.page)
    const second = await first.page.context().newPage()
    const refused: string[] = []
    second.on('console', (message) => refused.push(message.text()))
    await second.goto(`${demo.url}/dashboard/`)
    await heading(second, 'Overview').waitFor()
    for (const page of [first.page, second]) {
      await page.getByRole('button', { name: 'Sign out' }).click()
      await heading(page, 'You are signed out').waitFor()
    }
    expect([...first.complaints, ...refused]).toEqual([])
  })

  test('may open it by another name of the same machine', async () => {
    const { page, complaints } = await openPage(browser)
    const other = demo.url.replace('127.0.0.1', 'localhost')
    await page.goto(`${other}/dashboard/`)
    await page.getByRole('button', { name: 'Continue as demo' }).click()
    await heading(page, 'Overview').waitFor()
    expect(page.url()).toBe(`${other}/dashboard/`)
    expect(complaints).toEqual([])
  })
})

test('GraphiQL asks as whoever is signed in, paid by the key that is chosen', async () => {
  const { page, complaints } = await openPage(browser)
  await signIn(page)
  await page.getByText('Live', { exact: true }).waitFor()
  const before = await unitsIn(page)
  await page.getByRole('link', { name: 'Explore' }).click()
  const graphiql = page.frameLocator('iframe[title="GraphiQL"]')
  await graphiql.getByRole('button', { name: /Execute query/ }).click()
  await graphiql.locator('.result-window').getByText('"dueDate"').first().waitFor()
  // The connection stands on every page.
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  await untilShown(page, before + 1)
  expect(complaints).toEqual([])
}, 60_000)

test('npm start says where it is, and builds nothing that is built', () => {
  expect(start.output()).toContain(`${demo.url}/dashboard/`)
  expect(start.output()).not.toContain('building the dashboard')
})

test('an API that is killed is noticed, and found again with who was signed in', async () => {
  const { page } = await openPage(browser)
  await signIn(page)
  await page.getByText('Live', { exact: true }).waitFor()
  const before = await unitsIn(page)
  const [api] = (await findLeftovers(data.dataDir, null)).filter(({ name }) =>
    name.endsWith('/server.ts'),
  )
  process.kill(api?.pid ?? 0, 'SIGKILL')
  await page.getByText('Reconnecting…', { exact: true }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await call()
  await untilShown(page, before + 1)
  // Nobody is asked anything: the issuer of the new process knows him.
  await page.reload()
  await total(page).waitFor()
}, 60_000)

test.each(['light', 'dark'] as const)(
  'what a newcomer sees keeps nobody out, in %s',
  { timeout: 60_000 },
  async (colorScheme) => {
    const { page, complaints } = await openPage(browser, { colorScheme })
    await page.goto(`${demo.url}/dashboard/`)
    await page.getByRole('button', { name: 'Continue as demo' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    // By the keyboard alone: the button has the focus.
    await page.keyboard.press('Enter')
    await total(page).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  },
)

test('a token that ends is replaced unseen, the live connection too', {
  timeout: 60_000,
}, async () => {
  const { page, complaints } = await openPage(browser)
  // Fifteen minutes pass in a moment: the page's clock, not the server's.
  await page.clock.install()
  await signIn(page)
  const renewed = page.waitForResponse(
    (response) => response.url().endsWith('/issuer/token') && response.status() === 200,
  )
  await page.clock.fastForward('12:00')
  expect(await (await renewed).json()).toHaveProperty('refresh_token')
  const before = await unitsIn(page)
  await call()
  await untilShown(page, before + 1)
  expect(complaints).toEqual([])
})
