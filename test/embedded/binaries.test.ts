import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type InstallWay,
  installByFirstWay,
  isAtLeast,
  lastLines,
  runCommand,
  withProgress,
  withStaging,
} from '../../src/embedded/installer.ts'
import { findMongod } from '../../src/embedded/mongod-binary.ts'
import { findRedisServer } from '../../src/embedded/redis-binary.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'getcomplical-bin-'))
  folders.push(folder)
  return folder
}

/** A stand-in program: these tests are about the choice between binaries, not about servers. */
function program(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const redisVersion = (version: string) => `echo "Redis server v=${version} sha=0 bits=64"`
const mongodVersion = (version: string) => `echo "db version v${version}"`

function contextOf(path: string[], binDir: string) {
  const said: string[] = []
  const env = { PATH: path.join(':') }
  return { said, context: { binDir, env, say: (line: string) => said.push(line) } }
}

describe('the choice of a binary', () => {
  test('the PATH comes first, in its order', async () => {
    const [a, b, bin] = [newFolder(), newFolder(), newFolder()]
    program(b, 'redis-server', redisVersion('7.4.1'))
    const first = program(a, 'redis-server', redisVersion('7.0.15'))
    program(bin, 'redis-server', redisVersion('8.0.0'))
    const { context, said } = contextOf([a, b], bin)
    expect(await findRedisServer(context)).toBe(first)
    expect(said).toEqual([])
  })

  test('one that is too old or does not run is passed over for DATA_DIR/bin', async () => {
    const [a, b, bin] = [newFolder(), newFolder(), newFolder()]
    program(a, 'redis-server', redisVersion('6.2.14'))
    program(b, 'redis-server', 'exit 127')
    const own = program(bin, 'redis-server', redisVersion('7.0.0'))
    expect(await findRedisServer(contextOf([a, b], bin).context)).toBe(own)

    program(a, 'mongod', mongodVersion('4.4.29'))
    const mongod = program(bin, 'mongod', mongodVersion('6.0.5'))
    expect(await findMongod(contextOf([a, b], bin).context)).toBe(mongod)
  })

  test('versions are compared by number and not by letter', () => {
    expect(isAtLeast('10.0', '7.0')).toBe(true)
    expect(isAtLeast('7', '7.0')).toBe(true)
    expect(isAtLeast('7.0.15', '7.0')).toBe(true)
    expect(isAtLeast('6.9.9', '7.0')).toBe(false)
  })
})

describe('an install', () => {
  const works = (name: string): InstallWay => ({
    name,
    unavailable: null,
    install: async () => `/bin/${name}`,
  })
  const fails = (name: string): InstallWay => ({
    name,
    unavailable: null,
    install: async () => {
      throw new Error('no network')
    },
  })

  test('takes the first way that works', async () => {
    const absent = { ...works('never'), unavailable: 'needs root' }
    const path = await installByFirstWay('tool', [absent, fails('a'), works('b')], 'advice')
    expect(path).toBe('/bin/b')
  })

  test('that fails says everything that was tried and what the user can do', async () => {
    const ways = [{ ...works('apt-get'), unavailable: 'needs root' }, fails('download')]
    const failed = installByFirstWay('tool', ways, 'set TOOL_URL.', ['/bin/tool: too old'])
    await expect(failed).rejects.toThrow(
      [
        'no usable tool. Tried:',
        '  - /bin/tool: too old',
        '  - apt-get: not possible here: needs root',
        '  - download: no network',
        'What you can do: set TOOL_URL.',
      ].join('\n'),
    )
  })

  test('that is interrupted or fails leaves nothing that looks whole', async () => {
    const bin = newFolder()
    const failed = withStaging(bin, async (folder) => {
      program(folder, 'mongod', 'half')
      throw new Error('cut')
    })
    await expect(failed).rejects.toThrow('cut')
    expect(readdirSync(bin)).toEqual([])
  })

  test('tells how much has arrived while a download runs', async () => {
    const bin = newFolder()
    const { context, said } = contextOf([], bin)
    writeFileSync(join(bin, 'part'), Buffer.alloc(3_000_000))
    const download = runCommand('sleep', ['2.3'])
    await withProgress(context, 'mongod', bin, download)
    expect(said).toEqual(['mongod: 3 MB so far'])
  })
})

describe('a command', () => {
  test('that does not exist, fails or is given up is a result and no exception', async () => {
    expect(await runCommand('/no/such', [])).toMatchObject({ ok: false })
    const failed = await runCommand('sh', ['-c', 'echo one; echo two >&2; exit 4'])
    expect(failed.ok).toBe(false)
    expect(lastLines(failed.output, 1)).toBe('two')
    const giveUp = AbortSignal.timeout(50)
    expect(await runCommand('sleep', ['60'], { signal: giveUp })).toMatchObject({ ok: false })
    expect(await runCommand('sleep', ['60'], { timeoutMs: 50 })).toMatchObject({ ok: false })
  })
})
