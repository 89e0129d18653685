import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findMongod } from '../../src/embedded/mongod-binary.ts'
import { findRedisServer } from '../../src/embedded/redis-binary.ts'
import { launchMongod, type TestServer } from '../server-process.ts'
import { billingRows } from './billing-rows.ts'
import { type BillingState, runBillingRows } from './billing-run.ts'
import { chargeRows, runChargeRows } from './charge-rows.ts'
import { pause, type Row, rows } from './rows.ts'
import { createWorld } from './world.ts'

const help = `npm run test:faults -- [--row <id>]… [--scale <factor>] [--seed <n>] [--fresh] [--list]

Runs the fault matrix with real processes and prints a table: fault, repetitions, answered calls, lost,
double, remarks. What is done is kept in DATA_DIR/faults/state.json, so that a run that was broken off
goes on where it stopped; --fresh begins anew. --scale 0.1 does a tenth of the repetitions.`

/** What a row has reached, over all runs. */
interface Progress {
  repetitions: number
  hit: number
  answered: number
  refused: number
  unknown: number
  unknownCounted: number
  lost: number
  double: number
  seconds: number
  seeds: number[]
  commit: string
  remarks: string[]
}

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    scale: { type: 'string', default: '1' },
    seed: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help || values.list) {
  console.log(
    values.help
      ? help
      : [
          ...rows.map(({ id, fault }) => `${id.padEnd(28)} ${fault}`),
          ...billingRows.map(({ id, promise }) => `${id.padEnd(28)} promise ${promise}`),
          ...chargeRows.map(({ id, promise }) => `${id.padEnd(28)} ${promise}`),
        ].join('\n'),
  )
  process.exit(0)
}

const dataDir = process.env.DATA_DIR || '.data'
const folder = join(dataDir, 'faults')
mkdirSync(folder, { recursive: true })
const stateFile = join(folder, 'state.json')
const kept = existsSync(stateFile) && !values.fresh ? readFileSync(stateFile, 'utf8') : '{}'
const { billing = {}, ...state } = JSON.parse(kept) as { billing?: BillingState } & Record<
  string,
  Progress
>
const save = () => writeFileSync(stateFile, JSON.stringify({ ...state, billing }, null, 1))
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim()
const scale = Number(values.scale)
const wanted = rows.filter(({ id }) => !values.row || values.row.includes(id))
const unknownRow = values.row?.find(
  (id) => ![...rows, ...billingRows, ...chargeRows].some((row) => row.id === id),
)
if (unknownRow !== undefined || !(scale > 0)) {
  console.error(
    unknownRow === undefined ? '--scale wants a number above 0' : `no row ${unknownRow}`,
  )
  process.exit(2)
}
let seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.log(`commit ${commit}, first seed ${seed}, scale ${scale}`)

const context = { binDir: join(dataDir, 'bin'), env: process.env, say: console.log }
const redisBinary = await findRedisServer(context)
const mongodBinary = await findMongod(context)
const shared = await launchMongod(mongodBinary)
let othersOk: boolean
try {
  for (const row of wanted) await runRow(row)
  const billingOk = await runBillingRows({
    ...{ ids: values.row, scale, seed, commit, redisBinary, mongod: shared },
    ...{ state: billing, save },
  })
  const chargesOk = await runChargeRows({ ids: values.row, scale, seed, mongod: shared })
  othersOk = billingOk && chargesOk
} finally {
  await shared.stop()
}
if (wanted.length > 0) printTable()
process.exitCode = othersOk && wanted.every((row) => verdictOf(row) === 'ok') ? 0 : 1

async function runRow(row: Row): Promise<void> {
  const goal = Math.max(1, Math.round(row.repetitions * scale))
  const progress = state[row.id] ?? newProgress()
  state[row.id] = progress
  while (progress.repetitions < goal) {
    const count = Math.min(row.perWorld, goal - progress.repetitions)
    const started = performance.now()
    try {
      await runWorld(row, progress, count)
    } catch (error) {
      progress.remarks.push(`seed ${seed}: ${(error as Error).message.split('\n')[0]}`)
      progress.repetitions = goal
    }
    progress.seconds += (performance.now() - started) / 1_000
    progress.seeds.push(seed++)
    progress.commit = commit
    save()
    const { repetitions, answered, lost, double, hit } = progress
    console.log(
      `${row.id}: ${repetitions}/${goal}, hit ${hit}, answered ${answered}, lost ${lost}, double ${double}`,
    )
  }
}

async function runWorld(row: Row, progress: Progress, count: number): Promise<void> {
  const disk = row.makeDataDir?.()
  const own: TestServer | null = row.ownMongod ? await launchMongod(mongodBinary) : null
  const mongod = own ?? shared
  const world = await createWorld({
    ...{ redisBinary, mongodbUri: mongod.url, seed },
    ...row.world,
    ...(disk && { dataDir: join(disk.dir, 'data') }),
  })
  try {
    await row.before?.(world)
    await world.owned()
    const ageMs = row.ageMs
    const traffic = () => world.traffic(row.callsPerSecond, ageMs && (() => ageMs(world)))
    for (let i = 0; i < count; i++) {
      traffic()
      await pause(row.pauseMs)
      if (await row.inject(world, mongod)) progress.hit++
      progress.repetitions++
    }
    await pause(row.pauseMs)
    const verdict = await (row.control ? world.settle(60_000, 3_000) : world.settle(90_000))
    progress.answered += verdict.answered
    progress.refused += verdict.refused
    progress.unknown += verdict.unknown
    progress.unknownCounted += verdict.unknownCounted
    progress.lost += verdict.lost
    progress.double += verdict.double
    if (!row.control) progress.remarks.push(...verdict.faults.slice(0, 3))
    progress.remarks.push(...((await row.judge?.(world)) ?? []))
    if (!row.mayRefuse && verdict.refused > 0) progress.remarks.push('calls were refused')
  } finally {
    await world.close()
    await own?.stop()
    disk?.remove()
  }
}

function newProgress(): Progress {
  return {
    ...{ repetitions: 0, hit: 0, answered: 0, refused: 0, unknown: 0, unknownCounted: 0 },
    ...{ lost: 0, double: 0, seconds: 0, seeds: [], commit, remarks: [] },
  }
}

function verdictOf(row: Row): 'ok' | 'FAILED' | 'not run' {
  const progress = state[row.id]
  if (!progress || progress.repetitions === 0) return 'not run'
  const wrong = progress.lost + progress.double
  const right = row.control ? wrong > 0 : wrong === 0 && progress.remarks.length === 0
  return right && progress.hit === progress.repetitions ? 'ok' : 'FAILED'
}

function printTable(): void {
  console.log('\n| fault | repetitions (hit) | answered | lost / double | verdict | remarks |')
  console.log('|---|---|---|---|---|---|')
  for (const row of rows) {
    const progress = state[row.id]
    if (!progress) {
      if (!values.row) console.log(`| ${row.fault} | 0 of ${row.repetitions} | | | not run | |`)
      continue
    }
    const { repetitions, hit, answered, lost, double, unknown, unknownCounted, refused } = progress
    const remarks = [
      unknown > 0 ? `unknown ${unknown}, counted ${unknownCounted}` : '',
      refused > 0 ? `${refused} refused` : '',
      `${Math.round(progress.seconds)} s, commit ${progress.commit}, seeds from ${progress.seeds[0]}`,
      ...progress.remarks.slice(0, 3),
    ]
    const cells = [row.fault, `${repetitions} (${hit})`, answered, `${lost} / ${double}`]
    console.log(`| ${[...cells, verdictOf(row), remarks.filter(Boolean).join('; ')].join(' | ')} |`)
  }
}
