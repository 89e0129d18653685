import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const stillness = `Promise.all(
  document.getAnimations()
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    .map(({ finished }) => finished.catch(() => {})),
)`

/** What axe-core finds on the page as it is, as far as it keeps somebody from using it. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Half faded in, everything is pale.
  await page.evaluate(stillness)
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}
