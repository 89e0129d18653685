import type { Page } from 'playwright-core'
import { startTemporaryProduct } from '../scripts/screenshots/product.ts'
import type { Demo } from '../src/embedded/demo.ts'
import { launchBrowser } from '../test/dashboard/launch-browser.ts'
import { printAbsolute, quantile, type Row } from './row.ts'

const calls = 100
/** Not measured: compilers settle, on both sides. */
const warmUpCalls = 10

export const screenRow: Row = {
  name: 'screen',
  about: 'from a call to its number on the dashboard in Chromium; p99 < 1 s',
  async run({ rounds, quiet }) {
    const product = await startTemporaryProduct({})
    try {
      const took = await measure(product.demo, calls * (rounds ?? 1))
      console.log(
        `  ${took.length} calls: p50 ${quantile(took, 0.5).toFixed(0)} ms, ` +
          `longest ${quantile(took, 1).toFixed(0)} ms`,
      )
      const text = 'p99 from sending a call to the frame that shows it'
      return printAbsolute({ value: quantile(took, 0.99), unit: 'ms', text, atMost: 1_000 }, quiet)
    } finally {
      await product.stop()
    }
  },
}

/** Each call's, ms. */
async function measure(demo: Demo, count: number): Promise<number[]> {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    await page.goto(`${demo.url}/dashboard/`)
    await page.getByRole('button', { name: 'Continue as demo' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    const took: number[] = []
    for (let units = 1; units <= warmUpCalls + count; units++) {
      const ms = await callToScreen(page, demo, units)
      if (units > warmUpCalls) took.push(ms)
    }
    return took
  } finally {
    await browser.close()
  }
}

/**
 * One call at a time: how long from before it is sent until a frame of the page has the number, ms. Both clocks are
 * this machine's.
 * @param units of the month, after this call
 */
async function callToScreen(page: Page, demo: Demo, units: number): Promise<number> {
  const sentAt = performance.timeOrigin + performance.now()
  const [shownAt] = await Promise.all([page.evaluate(instantWith(units)), callOnce(demo)])
  return (shownAt as number) - sentAt
}

async function callOnce({ url, apiKey }: Demo): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: '{"query":"{ countries { code } }"}',
  })
  await response.text()
  if (response.status !== 200) throw new Error(`the call was answered with ${response.status}`)
}

/** In the page, with each frame: resolves when it has the number, to when that was, ms. */
function instantWith(units: number): string {
  return `new Promise((resolve) => {
    const look = () => {
      const place = document.querySelector('main [role="group"]')
      const shown = Number((place?.textContent ?? '').replaceAll(/\\D/g, ''))
      if (shown === ${units}) resolve(performance.timeOrigin + performance.now())
      else requestAnimationFrame(look)
    }
    look()
  })`
}
