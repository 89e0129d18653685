import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../src/embedded/free-port.ts'
import { type Check, checkRequests } from './test-stripe/checks.ts'

const usage = `npm run test:stripe

Sends every request that we make of Stripe to stripe-mock, Stripe's own server, which judges each by Stripe's
OpenAPI description and answers with its examples, and reads the answers as we do. Where stripe-mock is
missing, it is installed into DATA_DIR/bin with "go install github.com/stripe/stripe-mock@latest"; that
needs Go. The last line is "N passed, M failed".
  -h, --help   this`

const MODULE = 'github.com/stripe/stripe-mock@latest'
/** Of the form that stripe-mock takes; it opens nothing. */
const KEY = 'sk_test_123'

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } })

if (values.help) console.log(usage)
else {
  try {
    process.exitCode = await run()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.log('0 passed, 1 failed')
    process.exitCode = 1
  }
}

async function run(): Promise<0 | 1> {
  const binary = findBinary()
  const port = await freePort()
  const server = spawn(binary, ['-http-port', String(port)], { stdio: 'ignore' })
  try {
    const url = `http://127.0.0.1:${port}`
    await answers(url, server)
    console.log(`stripe-mock ${versionOf(binary)}`)
    return report(await checkRequests({ key: KEY, apiBase: url }))
  } finally {
    server.kill()
  }
}

/** @throws Error that says what to do */
function findBinary(): string {
  const folder = resolve(process.env.DATA_DIR || '.data', 'bin')
  const own = join(folder, 'stripe-mock')
  if (existsSync(own)) return own
  if (!spawnSync('stripe-mock', ['-version']).error) return 'stripe-mock'
  if (spawnSync('go', ['version']).error) {
    throw new Error(
      'Nothing was checked: neither stripe-mock nor Go is installed here. Install Go (https://go.dev/dl), or put stripe-mock on the PATH.',
    )
  }
  console.log(`installing ${MODULE} into ${folder}`)
  mkdirSync(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder }
  const { status } = spawnSync('go', ['install', MODULE], { env, stdio: 'inherit' })
  if (status !== 0) throw new Error('Nothing was checked: go install failed, see above.')
  return own
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline && server.exitCode === null) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    )
    if (up) return
    await setTimeout(100)
  }
  throw new Error('stripe-mock did not start')
}

/** What Go noted in the binary; the server itself does not know its version. */
function versionOf(binary: string): string {
  const { stdout, error } = spawnSync('go', ['version', '-m', binary], { encoding: 'utf8' })
  const [, version] = error
    ? []
    : (/\tmod\tgithub\.com\/stripe\/stripe-mock\t(\S+)/.exec(stdout) ?? [])
  return version ?? 'of an unknown version'
}

function report(checks: readonly Check[]): 0 | 1 {
  for (const { what, problem } of checks) {
    console.log(
      `${problem === null ? 'ok    ' : 'FAILED'} ${what}${problem === null ? '' : `: ${problem}`}`,
    )
  }
  const failed = checks.filter(({ problem }) => problem !== null).length
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}
