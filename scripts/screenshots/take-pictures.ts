import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../../test/dashboard/launch-browser.ts'
import type { TemporaryProduct } from './product.ts'
import type { SeededCustomer } from './seed.ts'

export interface Picture {
  name: string
  /** Below /dashboard. */
  path: string
  scheme: 'light' | 'dark'
  viewport: { width: number; height: number }
  /** Stands on the page once it has all that it shows. */
  until: string
  /** What has happened to the customer by then, and stays. */
  happens?: (customer: SeededCustomer) => Promise<void>
  /** What somebody does before it is taken. */
  prepare?: (page: Page) => Promise<void>
}

const folder = join(import.meta.dirname, '../../docs/screenshots')
const MOST_BYTES = 200_000

const wide = { scheme: 'light', viewport: { width: 1280, height: 860 } } as const

export const pictures: readonly Picture[] = [
  { ...wide, name: 'overview', path: '/', until: 'Units this month' },
  {
    ...{ name: 'overview-dark', path: '/', until: 'Units this month' },
    ...{ ...wide, scheme: 'dark' },
  },
  {
    ...{ name: 'overview-phone', path: '/', until: 'Units this month' },
    ...{ scheme: 'light', viewport: { width: 360, height: 780 } },
  },
  { ...wide, name: 'keys', path: '/keys', until: 'Payroll batch' },
  { ...wide, name: 'alerts', path: '/alerts', until: 'Channels' },
  {
    ...{ ...wide, name: 'tax-calendar', path: '/calendar', until: 'Show dates' },
    prepare: showReason,
  },
  { ...wide, name: 'analytics', path: '/analytics', until: 'Analytics' },
  { ...wide, name: 'admin', path: '/admin/pipeline', until: 'Workers that count' },
  {
    ...{ ...wide, name: 'billing', path: '/billing', until: 'A payment for' },
    happens: (customer) => customer.failPayment(),
  },
]

/** A watch, and why the first date that was moved is that day. */
async function showReason(page: Page): Promise<void> {
  await page.getByRole('combobox', { name: 'Countries' }).click()
  await page.getByRole('option', { name: 'Australia' }).click()
  await page.getByRole('option', { name: 'United Kingdom' }).click()
  await page.keyboard.press('Escape')
  // Far enough ahead, whatever the day is, that a weekend is in the way of one.
  await page.getByRole('combobox', { name: 'Categories' }).click()
  await page.getByRole('option', { name: 'VAT, GST and sales tax' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('combobox', { name: 'Look ahead' }).click()
  await page.getByRole('option', { name: '180 days' }).click()
  await page.getByRole('button', { name: 'Show dates' }).click()
  const moved = page.locator('.mantine-Accordion-control').filter({ hasText: 'Moved' }).first()
  await moved.click()
  await page.getByText('How it comes to this day').waitFor()
  const { y = 0 } = (await moved.boundingBox()) ?? {}
  await page.evaluate(`scrollBy(0, ${y - 330})`)
}

/** @throws Error where a page does not show what it should, or a picture is too large */
export async function takePictures(
  { demo }: TemporaryProduct,
  customer: SeededCustomer,
  wanted: readonly Picture[],
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const browser = await launchBrowser()
  try {
    for (const picture of wanted) {
      await picture.happens?.(customer)
      await take(browser, demo.url, picture)
    }
  } finally {
    await browser.close()
  }
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { name, path, scheme, viewport, until, prepare } = picture
  const context = await browser.newContext({
    ...{ viewport, colorScheme: scheme, locale: 'en-GB', timezoneId: 'UTC' },
    reducedMotion: 'reduce',
  })
  try {
    const page = await context.newPage()
    await page.goto(`${url}/dashboard/`)
    await page.getByRole('button', { name: 'Continue as demo' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.goto(`${url}/dashboard${path}`)
    await page.getByText(until).first().waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await prepare?.(page)
    await page.waitForLoadState('networkidle')
    await page.waitForFunction('!document.querySelector(".mantine-Loader-root")')
    const file = join(folder, `${name}.png`)
    await page.screenshot({ path: file, animations: 'disabled' })
    const { size } = await stat(file)
    if (size > MOST_BYTES) throw new Error(`${name}.png has ${size} bytes, more than ${MOST_BYTES}`)
    console.log(`${name}.png: ${Math.round(size / 1_000)} kB`)
  } finally {
    await context.close()
  }
}
