import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { platform } from 'node:os'
import { join, resolve } from 'node:path'
import {
  findOnPath,
  type InstallContext,
  type InstallWay,
  installByFirstWay,
  isAtLeast,
  isExecutable,
  lastLines,
  runCommand,
  withProgress,
  withStaging,
} from './installer.ts'

const MINIMUM = '7.0'

const ADVICE =
  'install redis-server 7.0 or later with your package manager (Debian: apt-get install redis-server; ' +
  'macOS: brew install redis), or set REDIS_URL to a server that runs already.'

/** Places that a package manager uses and that are not always on the PATH. */
const USUAL_PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/local/bin']

/**
 * Path of a redis-server 7.0 or later: on the PATH, in `binDir`, else installed by the system's
 * package manager: as root into the system, otherwise unpacked into `binDir`.
 * @throws Error that tells what was tried and what the user can do.
 */
export async function findRedisServer(context: InstallContext): Promise<string> {
  const tooOld: string[] = []
  const found = await firstUsable(context, tooOld)
  if (found) return found
  return installByFirstWay('redis-server', waysToInstall(context), ADVICE, tooOld)
}

async function firstUsable(context: InstallContext, rejected: string[]): Promise<string | null> {
  const candidates = [
    ...findOnPath('redis-server', context.env),
    resolve(context.binDir, 'redis-server'),
    ...USUAL_PLACES.map((folder) => join(folder, 'redis-server')).filter(isExecutable),
  ]
  for (const path of new Set(candidates)) {
    if (!isExecutable(path)) continue
    const { output } = await runCommand(path, ['--version'], { timeoutMs: 10_000 })
    const version = /v=(\d+(?:\.\d+)+)/.exec(output)?.[1]
    if (version && isAtLeast(version, MINIMUM)) return path
    rejected.push(`${path}: ${version ? `version ${version} is too old` : lastLines(output)}`)
  }
  return null
}

function waysToInstall(context: InstallContext): InstallWay[] {
  const root = process.getuid?.() === 0
  const has = (program: string) => findOnPath(program, context.env).length > 0
  const system = (program: string, args: string[], needsRoot: boolean): InstallWay => ({
    name: [program, ...args].join(' '),
    unavailable: unavailable(has(program), needsRoot, root, program),
    install: () => installIntoSystem(context, program, args),
  })
  return [
    system('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], true),
    {
      name: 'apt-get download redis-server, without root',
      unavailable: has('apt-get') && has('dpkg') ? null : 'no apt-get and dpkg',
      install: () => unpackFromApt(context),
    },
    system('dnf', ['install', '-y', 'redis'], true),
    system('pacman', ['-S', '--noconfirm', 'redis'], true),
    system('apk', ['add', 'redis'], true),
    { ...system('brew', ['install', 'redis'], false), ...(platform() === 'linux' && notHere) },
  ]
}

const notHere = { unavailable: 'for macOS' }

function unavailable(has: boolean, needsRoot: boolean, root: boolean, program: string) {
  if (!has) return `no ${program}`
  return needsRoot && !root ? 'needs root' : null
}

async function installIntoSystem(
  context: InstallContext,
  program: string,
  args: string[],
): Promise<string> {
  context.say(`redis: not found, running ${program} ${args.join(' ')}`)
  const env = {
    ...context.env,
    DEBIAN_FRONTEND: 'noninteractive',
    // Debian's service scripts start nothing in this runlevel: we want the program, not a daemon.
    RUNLEVEL: '1',
    HOMEBREW_NO_AUTO_UPDATE: '1',
  }
  let result = await runCommand(program, args, { env })
  if (!result.ok && program === 'apt-get') {
    // A fresh container has no package lists yet.
    const update = await runCommand('apt-get', ['update'], { env })
    if (!update.ok) throw new Error(`apt-get update failed: ${lastLines(update.output)}`)
    result = await runCommand(program, args, { env })
  }
  if (!result.ok) throw new Error(lastLines(result.output))
  const rejected: string[] = []
  const path = await firstUsable(context, rejected)
  if (!path) throw new Error(`installed, but ${rejected.join('; ') || 'still not found'}`)
  return path
}

/**
 * apt needs root to install but not to download: with lists of our own it fetches redis-server and
 * those libraries that this system lacks, and dpkg unpacks them side by side.
 */
async function unpackFromApt(context: InstallContext): Promise<string> {
  context.say('redis: not found, unpacking the distribution’s package into DATA_DIR/bin')
  const target = resolve(context.binDir, 'redis')
  return withStaging(context.binDir, async (folder) => {
    await withProgress(context, 'redis', folder, downloadWithApt(folder, context))
    const tree = join(folder, 'tree')
    const unpack = 'for deb in ./*.deb; do dpkg -x "$deb" tree || exit 1; done'
    await mustRun('sh', ['-c', unpack], folder, context.env)
    const { output } = await runCommand('find', [tree, '-name', '*.so*', '-printf', '%h\n'])
    const libraries = [...new Set(output.split('\n').filter(Boolean))].map((path) =>
      join(target, path.slice(tree.length)),
    )
    // Whoever unpacked it meanwhile may be running it.
    const others = await firstUsable(context, [])
    if (others) return others
    rmSync(target, { recursive: true, force: true })
    renameSync(tree, target)
    const wrapper = join(folder, 'redis-server')
    writeFileSync(wrapper, wrapperScript(join(target, 'usr/bin/redis-server'), libraries), {
      mode: 0o755,
    })
    renameSync(wrapper, resolve(context.binDir, 'redis-server'))
    const rejected: string[] = []
    const path = await firstUsable(context, rejected)
    if (!path) throw new Error(`unpacked, but ${rejected.join('; ')}`)
    return path
  })
}

async function downloadWithApt(folder: string, context: InstallContext): Promise<void> {
  mkdirSync(join(folder, 'lists/partial'), { recursive: true })
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true })
  const own = [
    ['-o', `Dir::State::Lists=${join(folder, 'lists')}`],
    ['-o', `Dir::Cache=${join(folder, 'cache')}`],
    ['-o', 'Debug::NoLocking=1'],
  ].flat()
  const env = { ...context.env, LC_ALL: 'C' }
  await mustRun('apt-get', [...own, 'update'], folder, env)
  const plan = ['-s', 'install', '--no-install-recommends', 'redis-server']
  const simulated = await mustRun('apt-get', [...own, ...plan], folder, env)
  const packages = [...simulated.matchAll(/^Inst (\S+)/gm)].flatMap((match) => match[1] ?? [])
  const wanted = packages.length > 0 ? packages : ['redis-server', 'redis-tools']
  await mustRun('apt-get', [...own, 'download', ...wanted], folder, env)
}

async function mustRun(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv) {
  const result = await runCommand(command, args, { cwd, env })
  if (!result.ok) throw new Error(`${command} failed: ${lastLines(result.output)}`)
  return result.output
}

/** `exec` keeps one process, whose command line is redis-server's own. */
function wrapperScript(binary: string, libraries: string[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const path = libraries.length > 0 ? `LD_LIBRARY_PATH=${quoted(libraries.join(':'))} ` : ''
  return `#!/bin/sh\n${path}exec ${quoted(binary)} "$@"\n`
}
