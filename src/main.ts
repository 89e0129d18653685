import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSecretHash } from './callers/secret-hash.ts'
import {
  loadEnvironment,
  localOrigin,
  readConfig,
  readStartConfig,
  type StartConfig,
} from './config.ts'
import { apiReady } from './embedded/api-ready.ts'
import { ensureDashboard } from './embedded/dashboard/ensure-dashboard.ts'
import { lockDataDir } from './embedded/data-dir-lock.ts'
import { curlLine, type Demo, type DemoKey, ensureDemoKey, writeDemo } from './embedded/demo.ts'
import { startEmbeddedServers } from './embedded/embedded-servers.ts'
import { freePort, whyTaken } from './embedded/free-port.ts'
import { keptServers } from './embedded/kept-files.ts'
import { endLeftovers, findLeftovers, SUPERVISED_IN } from './embedded/leftovers.ts'
import { startNode } from './embedded/node-process.ts'
import { createOutlet, type Outlet } from './embedded/outlet.ts'
import { ensureSecrets } from './embedded/secrets.ts'
import { type Supervisor, supervise } from './embedded/supervisor.ts'
import { createLog, type Logger } from './log.ts'
import type { Environment } from './settings-draft.ts'
import { connectDatabase } from './store/database.ts'
import { createEncryption } from './store/encryption.ts'

/** In this order they stop: who answers first, who holds the data last. */
const stopOrder = ['api', 'worker', 'redis', 'mongod'] as const
type ChildName = (typeof stopOrder)[number]

/** The project's own folder, wherever it was started. */
const root = join(import.meta.dirname, '..')
const READY_WITHIN_MS = 120_000
/** Not long: every one of them survives being killed, and somebody waits. */
const LEFTOVERS_END_WITHIN_MS = 3_000

interface Run {
  environment: Environment
  config: StartConfig
  outlet: Outlet
  log: Logger
  /** Aborted by a stop. */
  ending: AbortSignal
  /** Takes a child into the run; after a stop has begun it is ended at once. */
  started: (name: ChildName, child: Supervisor) => void
}

/** Everything in one go: `npm start`. Returns when all of it answers. */
async function start(run: Run): Promise<void> {
  const { config, environment, outlet, log } = run
  const { dataDir } = config
  const startedAt = performance.now()
  await lockDataDir(dataDir)
  const leftovers = await findLeftovers(dataDir, keptServers.read(dataDir))
  if (leftovers.length > 0) {
    outlet.say(`ending what an earlier start left: ${leftovers.map((one) => one.name).join(', ')}`)
    await endLeftovers(leftovers, LEFTOVERS_END_WITHIN_MS)
  }
  const port = config.port === 0 ? await freePort() : config.port
  const taken = await whyTaken(port, config.host)
  if (taken) throw new Error(`${taken} Set PORT to another port, or to 0 for a free one.`)

  // Beside the servers' start: it needs none of them.
  const dashboard = ensureDashboard({ root, env: environment, say: outlet.say, signal: run.ending })
  if (!config.mongodbUri) ensureSecrets(dataDir, randomBytes)
  const wanted = { redis: !config.redisUrl, mongod: !config.mongodbUri }
  const embedded = await startEmbeddedServers(wanted, {
    dataDir,
    apiPort: port,
    env: environment,
    say: outlet.say,
    log,
    started: run.started,
  })
  const env = { ...environment, DATA_DIR: dataDir, PORT: String(port), [SUPERVISED_IN]: dataDir }
  const child = (name: ChildName, file: string, graceMs: number): Supervisor => {
    const entry = fileURLToPath(new URL(file, import.meta.url))
    const begin = () => startNode(entry, env, (lines) => outlet.log(name, lines))
    const supervisor = supervise({ name, start: begin, graceMs }, log)
    run.started(name, supervisor)
    return supervisor
  }
  // They wait for the servers by themselves, and load their modules meanwhile.
  const api = child('api', './server.ts', 15_000)
  child('worker', './worker.ts', 20_000)
  await embedded.ready

  const url = localOrigin(config.host, port, config.tls !== null)
  const [key] = await Promise.all([
    seedDemo(config, env),
    apiReady(api, url, READY_WITHIN_MS),
    dashboard,
  ])
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  outlet.say(`\nGetComplical answers at ${url} (ready in ${seconds} s)`)
  if (key) introduce(run, env, url, key)
  outlet.say('Ctrl-C stops it; nothing is lost, and a later start continues.\n')
}

/** A production database of one's own gets no account that nobody asked for. */
async function seedDemo(config: StartConfig, env: Environment): Promise<DemoKey | null> {
  if (config.production && config.mongodbUri) return null
  const { mongodbUri, apiKeyPepper, encryptionKeys, plans, dataDir } = readConfig(env)
  const database = await connectDatabase({ uri: mongodbUri })
  try {
    return await ensureDemoKey(database.db, dataDir, {
      clock: Date.now,
      random: randomBytes,
      secretHash: createSecretHash(apiKeyPepper),
      encryption: createEncryption(encryptionKeys, randomBytes),
      plans,
    })
  } finally {
    await database.close()
  }
}

/** The same for programs, in DATA_DIR/demo.json, and for people. */
function introduce({ config, outlet }: Run, env: Environment, url: string, key: DemoKey): void {
  const { adminApiKey, redisUrl, mongodbUri } = readConfig(env)
  const demo: Demo = { url, ...key, adminApiKey, redisUrl, mongodbUri }
  const path = writeDemo(config.dataDir, demo)
  const year = new Date().getUTCFullYear()
  outlet.say(`
  dashboard  ${url}/dashboard/${config.ownIssuer ? '   (one click: Continue as demo)' : ''}
  API key    ${demo.apiKey}   (key ${demo.apiKeyId} of account ${demo.accountId})
  admin key  ${adminApiKey}
  Redis      ${redisUrl}
  MongoDB    ${mongodbUri}
  the same   ${path}

A first question:

  ${curlLine(demo, year)}
`)
}

/** @returns the exit code */
async function main(): Promise<number> {
  const environment = loadEnvironment()
  const config = readStartConfig(environment)
  const outlet = createOutlet(environment.LOG_LEVEL !== undefined)
  const log = createLog(config.logLevel, 'main', { write: (line) => outlet.log('main', line) })
  const children = new Map<ChildName, Supervisor>()
  const ending = new AbortController()
  let stopping: Promise<void> | undefined

  /** In order; a second signal finds it under way and changes nothing. */
  function stop(): Promise<void> {
    stopping ??= (async () => {
      ending.abort()
      // Twice: a start that was under way may have brought one more during the first round.
      for (const name of [...stopOrder, ...stopOrder]) await children.get(name)?.stop()
    })()
    return stopping
  }

  const asked = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!stopping) outlet.say('stopping: the API first, MongoDB last')
        done()
      })
    }
  })
  const started = (name: ChildName, child: Supervisor) => {
    children.set(name, child)
    if (stopping) void child.stop()
  }
  // Without us nobody would start a child again: end in order while we can.
  const broken = new Promise<{ error: unknown }>((done) => {
    process.on('uncaughtException', (error) => done({ error }))
  })
  const run = { environment, config, outlet, log, started, ending: ending.signal }
  const failed = start(run).then(
    // It runs: from here on only a signal ends it.
    () => asked.then(() => null),
    (error: unknown) => ({ error }),
  )
  const failure = await Promise.race([failed, broken, asked.then(() => null)])
  await stop()
  if (failure) outlet.say(`\nIt ended because of this: ${messageOf(failure.error)}`)
  else outlet.say('stopped')
  await outlet.end()
  return failure ? 1 : 0
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

if (import.meta.main) {
  main().then(
    (code) => process.exit(code),
    (error) => {
      process.stderr.write(`${messageOf(error)}\n`)
      process.exit(1)
    },
  )
}
