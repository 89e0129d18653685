import { launchRedis, type TestServer } from '../server-process.ts'
import { type BillingRow, type BillingVerdict, billingRows } from './billing-rows.ts'

/** What a row has reached, over all runs. */
export interface BillingProgress extends BillingVerdict {
  seconds: number
  seeds: number[]
  commit: string
}

export type BillingState = Record<string, BillingProgress>

export interface BillingRun {
  /** Ids; left out: all. */
  ids?: readonly string[] | undefined
  scale: number
  seed: number
  commit: string
  redisBinary: string
  mongod: TestServer
  state: BillingState
  /** After each world. */
  save: () => void
}

/** @returns whether all of them are as promised */
export async function runBillingRows(run: BillingRun): Promise<boolean> {
  const wanted = billingRows.filter(({ id }) => !run.ids || run.ids.includes(id))
  if (wanted.length === 0) return true
  const redis = await launchRedis(run.redisBinary)
  try {
    let { seed } = run
    for (const row of wanted) seed = await runRow(run, row, redis.url, seed)
  } finally {
    await redis.stop()
  }
  printTable(run)
  return wanted.every((row) => verdictOf(run.state[row.id]) === 'ok')
}

/** @returns the next seed */
async function runRow(
  run: BillingRun,
  row: BillingRow,
  redisUrl: string,
  firstSeed: number,
): Promise<number> {
  let seed = firstSeed
  const goal = Math.max(1, Math.round(row.repetitions * run.scale))
  const progress = run.state[row.id] ?? newProgress(run.commit)
  run.state[row.id] = progress
  while (progress.done < goal) {
    const count = Math.min(row.perWorld, goal - progress.done)
    const started = performance.now()
    const verdict = await row.run({ redisUrl, mongod: run.mongod }, count, seed).catch(
      (error: Error): BillingVerdict => ({
        ...{ done: count, hit: 0, checked: 0, remarks: [] },
        wrong: [error.stack ?? error.message],
      }),
    )
    progress.done += verdict.done
    progress.hit += verdict.hit
    progress.checked += verdict.checked
    progress.wrong.push(...verdict.wrong.map((one) => `seed ${seed}: ${one}`).slice(0, 10))
    progress.remarks.push(...verdict.remarks)
    progress.seconds += (performance.now() - started) / 1_000
    progress.seeds.push(seed)
    progress.commit = run.commit
    // Worlds of histories count their seeds on by one.
    seed += row.perWorld
    run.save()
    const { done, hit, checked, wrong } = progress
    console.log(
      `${row.id}: ${done}/${goal}, hit ${hit}, checked ${checked}, wrong ${wrong.length} ${wrong[0] ?? ''}`,
    )
  }
  return seed
}

function newProgress(commit: string): BillingProgress {
  const nothing = { done: 0, hit: 0, checked: 0, wrong: [], remarks: [] }
  return { ...nothing, seconds: 0, seeds: [], commit }
}

function verdictOf(progress: BillingProgress | undefined): 'ok' | 'FAILED' | 'not run' {
  if (!progress || progress.done === 0) return 'not run'
  return progress.wrong.length === 0 && progress.hit === progress.done ? 'ok' : 'FAILED'
}

function printTable({ state, ids }: BillingRun): void {
  console.log('\n| promise | repetitions (hit) | checked | wrong | verdict | remarks |')
  console.log('|---|---|---|---|---|---|')
  for (const row of billingRows) {
    const progress = state[row.id]
    if (!progress) {
      if (!ids) console.log(`| ${row.promise} | 0 of ${row.repetitions} | | | not run | |`)
      continue
    }
    const { done, hit, checked, wrong, seconds, commit, seeds, remarks } = progress
    const told = [
      `${Math.round(seconds)} s, commit ${commit}, seeds from ${seeds[0]}`,
      ...remarks.slice(-2),
      ...wrong.slice(0, 2).map((one) => one.slice(0, 200)),
    ]
    const cells = [row.promise, `${done} (${hit})`, checked, wrong.length, verdictOf(progress)]
    console.log(`| ${[...cells, told.join('; ')].join(' | ')} |`)
  }
}
