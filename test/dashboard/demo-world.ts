import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { type Demo, npmStart, temporaryData } from '../flows/npm-start.ts'
import { seriousFindings } from './axe.ts'
import { launchBrowser, openPage, type WatchedPage } from './browser.ts'

export interface DemoWorld {
  demo: Demo
  dataDir: string
  db: Database['db']
  browser: Browser
  /** A page of the dashboard, signed in by one click. @param path below /dashboard */
  open(path: string, options?: Parameters<typeof openPage>[1]): Promise<WatchedPage>
  /** With the admin key; its answer's data. */
  administer<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>
  end(): Promise<void>
}

/** What `npm start` runs, and a browser to look at it. */
export async function startDemoWorld(settings: Record<string, string>): Promise<DemoWorld> {
  const data = temporaryData()
  const start = npmStart(data.dataDir, {
    ...{ PORT: String(await freePort()), LIMIT_UNMETERED_PER_SECOND: '1000' },
    ...settings,
  })
  const [demo, browser] = await Promise.all([start.ready, launchBrowser()]).catch(
    async (error: unknown) => {
      await data.remove()
      throw error
    },
  )
  const database = await connectDatabase({ uri: demo.mongodbUri })
  return {
    ...{ demo, browser, dataDir: data.dataDir, db: database.db },
    async open(path, options) {
      const watched = await openPage(browser, options)
      const { page } = watched
      await page.goto(`${demo.url}/dashboard/`)
      await page.getByRole('button', { name: 'Continue as demo' }).click()
      await page.getByText('Live', { exact: true }).waitFor()
      await page.goto(`${demo.url}/dashboard${path}`)
      await page.getByText('Live', { exact: true }).waitFor()
      return watched
    },
    administer: (query, variables) =>
      askApi(demo.url, { 'x-api-key': demo.adminApiKey }, query, variables),
    async end() {
      await browser.close()
      await database.close()
      await data.remove()
    },
  }
}

/** What the API says to somebody, for holding a page against it. */
export async function askApi<Data>(
  url: string,
  headers: Record<string, string>,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
  expect(errors).toBeUndefined()
  return data as Data
}

/** As whom the page asks, from one of its own requests. */
export async function bearerOf(page: Page): Promise<{ authorization: string }> {
  const asked = page.waitForRequest((request) => request.url().endsWith('/graphql'))
  await page.reload()
  return { authorization: (await (await asked).allHeaders()).authorization ?? '' }
}

/** `USD 1,234.50` as `1234.50`. */
export function amountIn(text: string | null): string {
  return (text ?? '').replaceAll(/[^\d.]/g, '')
}

/** A name that is a program wherever it is not text. */
export const hostileName = '<img src=x onerror="window.hacked=1"><b>Bold & Co</b>'

export async function expectAsText(page: Page, name: string): Promise<void> {
  await page.getByText(name).filter({ visible: true }).first().waitFor()
  expect(await page.evaluate('window.hacked')).toBeUndefined()
  expect(await page.locator('img[src="x"]').count()).toBe(0)
}

/** By axe-core, and without what is wider than the screen. */
export async function expectUsable(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 })
  expect(await seriousFindings(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
}
