import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** What somebody does who sits before the dashboard, and what he sees. */

export function heading(page: Page, name: string): Locator {
  return page.getByRole('heading', { name, exact: true })
}

/** @param url of the product, as `npm start` prints it */
export async function signIn(page: Page, url: string, path = ''): Promise<void> {
  await page.goto(`${url}/dashboard/${path}`)
  await page.getByRole('button', { name: 'Continue as demo' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

/** By its link in the navigation. */
export async function goTo(page: Page, title: string): Promise<void> {
  const pages = page.getByRole('navigation', { name: 'Pages' })
  await pages.getByRole('link', { name: title, exact: true }).click()
  await heading(page, title).waitFor()
}

export function notice(page: Page, words: 'Live' | 'Reconnecting…'): Locator {
  return page.getByText(words, { exact: true })
}

/** The counter of all keys, or of one. */
export function total(page: Page, key?: string): Locator {
  return page.getByRole('group', { name: `Units this month, ${key ?? 'all keys'}`, exact: true })
}

/** The number as it stands there, whole; the reader's language groups its digits. */
export async function unitsIn(place: Locator): Promise<number> {
  return Number(((await place.textContent()) ?? '').replaceAll(/\D/g, ''))
}

export async function untilShown(place: Locator, units: number, limitMs = 10_000): Promise<void> {
  await expect.poll(() => unitsIn(place), { interval: 20, timeout: limitMs }).toBe(units)
}

/** A key of the page "Keys", by its name. */
export function keyCard(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true })
}

/** A metered call of one unit, as a program makes it. */
export async function call(url: string, apiKey: string): Promise<Response> {
  return await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: '{"query":"{ countries { code } }"}',
  })
}
