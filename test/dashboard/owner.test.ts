import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { type Demo, npmStart, temporaryData } from '../flows/npm-start.ts'
import { launchBrowser, openPage, type WatchedPage } from './browser.ts'
import * as person from './person.ts'
import { writeSmallPlans } from './small-plans.ts'

const LIMIT = 25
const patient = { timeout: 10_000, interval: 50 }
const data = temporaryData()
let demo: Demo
let browser: Browser
beforeAll(async () => {
  const start = npmStart(data.dataDir, {
    PORT: String(await freePort()),
    PLANS_FILE: writeSmallPlans(data.dataDir, LIMIT),
  })
  const [ready, launched] = await Promise.all([start.ready, launchBrowser()])
  demo = ready
  browser = launched
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await data.remove()
})

async function openKeys(): Promise<WatchedPage> {
  const watched = await openPage(browser)
  await person.signIn(watched.page, demo.url)
  await person.goTo(watched.page, 'Keys')
  return watched
}

/** @returns its secret */
async function createKey({ page }: WatchedPage, name: string): Promise<string> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('button', { name: 'Create key', exact: true }).click()
  const secret = (await page.getByTestId('secret').textContent()) ?? ''
  expect(secret).toMatch(/^gc_live_/)
  await page.getByRole('button', { name: 'I have stored it' }).click()
  return secret
}

async function statusWith(secret: string): Promise<number> {
  const response = await person.call(demo.url, secret)
  await response.text()
  return response.status
}

describe('an owner', { timeout: 90_000 }, () => {
  test('makes a key, sees its calls and its alert arrive, changes its secret and ends it', async () => {
    const watched = await openKeys()
    const { page, complaints } = watched
    const secret = await createKey(watched, 'Payroll')
    expect(await page.content()).not.toContain(secret)

    const card = person.keyCard(page, 'Payroll')
    const used = person.total(page, 'Payroll')
    await person.untilShown(used, 0)
    await card.getByText('not yet', { exact: true }).waitFor()
    for (let calls = 1; calls <= 3; calls++) {
      expect(await statusWith(secret)).toBe(200)
      await person.untilShown(used, calls, 3_000)
    }
    // The first page has it too, and all keys together.
    await person.goTo(page, 'Overview')
    await person.untilShown(person.total(page, 'Payroll'), 3)
    await person.untilShown(person.total(page), 3)

    await person.goTo(page, 'Alerts')
    await page.getByText('Nothing was raised so far.').waitFor()
    for (let calls = 4; calls <= 20; calls++) expect(await statusWith(secret)).toBe(200)
    const list = page.getByRole('region', { name: 'Raised alerts' })
    const alert = list.getByRole('listitem').filter({ hasText: 'has reached 80 % of its 25' })
    await alert.getByText('Warning').waitFor()
    // Over whatever page is open, too, until it is put away.
    await page.getByRole('button', { name: 'Put away' }).click()
    await alert.getByRole('button', { name: 'Acknowledge' }).click()
    await alert.getByText('Acknowledged').waitFor()

    await person.goTo(page, 'Keys')
    await card.getByRole('button', { name: 'Rotate', exact: true }).click()
    await page.getByRole('radio', { name: 'Not at all' }).check()
    await page.getByRole('button', { name: 'Make the new secret' }).click()
    const next = (await card.getByTestId('secret').textContent()) ?? ''
    expect(next).not.toBe(secret)
    await expect.poll(() => statusWith(secret), patient).toBe(401)
    expect(await statusWith(next)).toBe(200)
    for (let calls = 22; calls <= LIMIT; calls++) expect(await statusWith(next)).toBe(200)
    expect(await statusWith(next)).toBe(429)
    await person.untilShown(used, LIMIT)
    await card.getByText('0 left').waitFor()
    await card.getByText('not yet', { exact: true }).waitFor({ state: 'detached' })

    await card.getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByRole('button', { name: 'Revoke this key' }).click()
    await card.waitFor({ state: 'detached' })
    await expect.poll(() => statusWith(next), patient).toBe(401)
    await page.getByText('Revoked keys (1)').click()
    await page.getByRole('row', { name: /Payroll/ }).waitFor()
    expect(complaints).toEqual([])
  })

  test('decides who hears of a key, when, and whether at all', async () => {
    const { page, complaints } = await openPage(browser)
    await person.signIn(page, demo.url)
    await person.goTo(page, 'Alerts')
    const channel = page.getByRole('listitem').filter({ hasText: 'The account' })
    await channel.getByRole('button', { name: 'Send test' }).click()
    await channel.getByText('Delivered').first().waitFor()

    const settings = page.getByRole('listitem').filter({ hasText: 'Demo key' })
    await settings.getByRole('textbox', { name: 'New threshold of Demo key' }).fill('12345')
    await settings.getByText('units', { exact: true }).click()
    await settings.getByRole('button', { name: 'Add threshold' }).click()
    await settings.getByText('12,345 units', { exact: true }).waitFor()
    await settings.getByRole('button', { name: 'Remove 12,345 units' }).click()
    await settings.getByText('None; only 80, 95 and 100 %.').waitFor()
    await settings.getByRole('button', { name: 'Snooze' }).click()
    await settings.getByText('Silenced until').waitFor()
    await person.goTo(page, 'Keys')
    const card = person.keyCard(page, 'Demo key')
    await card.getByText('Silenced until').waitFor()
    await card.getByRole('switch', { name: 'Send alerts of Demo key' }).click()
    await person.goTo(page, 'Alerts')
    await settings.getByText('Alerts are off').waitFor()
    await settings.getByRole('button', { name: 'Send again' }).click()
    await settings.getByRole('button', { name: 'Snooze' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('makes and ends a key by the keyboard alone', async () => {
    const { page, complaints } = await openPage(browser)
    const press = (key: string) => page.keyboard.press(key)
    /** The next stop whose name it is; a page that cannot be walked through ends the test. */
    const tabTo = async (name: string) => {
      for (let stops = 0; stops < 60; stops++) {
        await press('Tab')
        const focused = page.locator(':focus')
        if ((await focused.count()) === 0) continue
        const words = await focused.evaluate((element) => {
          const { labels, textContent } = element as HTMLInputElement
          return element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? textContent
        })
        if (words?.trim() === name) return
      }
      throw new Error(`the keyboard does not reach "${name}"`)
    }
    await page.goto(`${demo.url}/dashboard/`)
    await page.getByRole('button', { name: 'Continue as demo' }).waitFor()
    await press('Enter')
    await person.heading(page, 'Overview').waitFor()
    await tabTo('Keys')
    await press('Enter')
    await person.heading(page, 'Keys').waitFor()
    await tabTo('Name')
    await page.keyboard.type('By keyboard')
    await press('Enter')
    // The focus is brought to where the secret is copied.
    await expect.poll(() => page.locator(':focus').textContent(), patient).toBe('Copy')
    await tabTo('I have stored it')
    await press('Enter')
    await page.getByTestId('secret').waitFor({ state: 'detached' })
    const card = person.keyCard(page, 'By keyboard')
    const revoke = card.getByRole('button', { name: 'Revoke', exact: true })
    for (let keys = 0; keys < 5; keys++) {
      await tabTo('Revoke')
      if (await revoke.evaluate((element) => element === document.activeElement)) break
    }
    await press('Enter')
    // What cannot be taken back is not what Enter does first.
    await expect.poll(() => page.locator(':focus').textContent(), patient).toBe('Cancel')
    await tabTo('Revoke this key')
    await press('Enter')
    await card.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })
})
