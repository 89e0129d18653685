import { type Browser, chromium } from 'playwright-core'
import { findChromium } from './chromium.ts'

/** Nothing of the browser's own goes to the network: only what the page asks for. */
const quiet = [
  '--disable-background-networking',
  '--disable-client-side-phishing-detection',
  '--disable-component-extensions-with-background-pages',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-gpu',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-pings',
]

export async function launchBrowser(): Promise<Browser> {
  const executablePath = await findChromium(process.env)
  // Its sandbox wants rights that root in a container does not have.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return await chromium.launch({ executablePath, args: [...quiet, ...sandbox] })
}
