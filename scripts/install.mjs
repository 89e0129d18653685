// Runs before `npm start`, `npm test` and the rest, on whatever Node the machine has (20 or later) and
// with nothing installed yet: plain JavaScript, no dependencies. Says one line for each thing it does and
// nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const nodeModules = join(root, 'node_modules')
const lock = join(root, '.installing')

/** The scripts that run on the packages of production alone. */
const productionOnly = ['prestart', 'preapi', 'preworker'].includes(
  process.env.npm_lifecycle_event ?? '',
)

if (!isInstalled()) await installOnce()
checkNode()

/**
 * npm leaves in node_modules a copy of the lock file as it was installed, written last: where it agrees
 * with the project's, an install has run to its end.
 */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'))
  const present = readJson(join(nodeModules, '.package-lock.json'))
  if (!wanted || !present) return false
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === '') return true
    const installed = present.packages[path]
    if (!installed) return entry.optional || (entry.dev && productionOnly)
    return installed.version === entry.version
  })
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** Of several npm scripts that start at the same time one installs and the others wait for it. */
async function installOnce() {
  let waited = false
  while (!takeLock()) {
    if (!waited) say('another npm script is installing, waiting for it')
    waited = true
    await wait(250)
  }
  try {
    if (waited && isInstalled()) return
    install()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** A link appears with its content or not at all, so that a lock always names its holder. */
function takeLock() {
  const own = `${lock}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, lock)
    return true
  } catch {
    if (!isAlive(Number(readJson(lock)))) rmSync(lock, { force: true })
    return false
  } finally {
    rmSync(own)
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Not `npm ci`: a lock file lists the platform packages that the registry had when it was written, and
 * `npm ci` refuses one that lacks a foreign platform's; `npm install` takes the locked versions and
 * leaves the file alone.
 */
function install() {
  say('installing packages (npm install)')
  const started = Date.now()
  // npm's own Node: ours may be the one in node_modules that the install is about to replace.
  const node = process.env.npm_node_execpath ?? process.execPath
  const npm = process.env.npm_execpath
  const [command, args] = npm?.endsWith('npm-cli.js') ? [node, [npm]] : ['npm', []]
  const result = spawnSync(command, [...args, 'install', '--no-save', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (result.status !== 0) {
    stop(
      'npm install failed, see above. It needs the npm registry: check the network and `npm config get registry`.',
    )
  }
  say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

/** On Linux a pinned Node comes with the packages and stands first on the PATH of npm's scripts. */
function checkNode() {
  const bundled = join(nodeModules, '.bin/node')
  const problem = existsSync(bundled) ? whyBundledFails(bundled) : whyOwnFails()
  if (problem) {
    stop(
      `this runs on Node 24 or later, and ${problem}. Install it from https://nodejs.org ` +
        '(macOS: brew install node) and start again.',
    )
  }
}

function whyBundledFails(bundled) {
  // Starting it takes longer than all else here; this process running on it is proof enough.
  if (Number(process.versions.node.split('.')[0]) >= 24) return null
  const { stdout, error } = spawnSync(bundled, ['--version'], { encoding: 'utf8' })
  if (/^v(2[4-9]|[3-9]\d)/.test(stdout ?? '')) return null
  return `the one in node_modules does not run here (${error?.message ?? stdout}); this is Node ${process.version}`
}

function whyOwnFails() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return null
  return `this is Node ${process.version} (${process.platform} ${process.arch}, for which none is bundled)`
}

function say(line) {
  console.log(`set-up: ${line}`)
}

function stop(line) {
  console.error(`set-up: ${line}`)
  process.exit(1)
}
