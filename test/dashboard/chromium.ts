import { findOnPath, runCommand } from '../../src/embedded/installer.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * A Chromium to test with: the one on the PATH, else Debian's own, installed where that may be done. Never a
 * reason to skip: a dashboard that nobody has looked at is not tested.
 * @throws Error that says what to install
 */
export async function findChromium(env: NodeJS.ProcessEnv): Promise<string> {
  const found = onPath(env)
  if (found) return found
  const missing = 'the tests of the dashboard need Chromium on the PATH'
  const mayInstall = process.getuid?.() === 0 && findOnPath('apt-get', env).length > 0
  if (!mayInstall) throw new Error(`${missing}: install it (apt-get install chromium)`)
  console.log('chromium: not found, running apt-get install chromium')
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', 'chromium']
  let result = await runCommand('apt-get', install, { env: quiet })
  if (!result.ok) {
    // A fresh container has no package lists yet.
    await runCommand('apt-get', ['update'], { env: quiet })
    result = await runCommand('apt-get', install, { env: quiet })
  }
  const installed = onPath(env)
  if (installed) return installed
  throw new Error(`${missing}, and apt-get did not bring it: ${result.output.slice(-400)}`)
}

function onPath(env: NodeJS.ProcessEnv): string | undefined {
  return names.flatMap((name) => findOnPath(name, env))[0]
}
