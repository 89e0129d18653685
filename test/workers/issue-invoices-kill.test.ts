import { type ChildProcess, fork } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { invoiceNumbers } from '../../src/store/invoice-numbers.ts'
import { invoiceFiles, invoices } from '../../src/store/invoices.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import { access } from '../billing/account-months.ts'
import { type InvoicingWorld, invoicingWorld } from '../billing/invoicing-world.ts'
import { integer, seededRandom } from '../faults/random.ts'

/** `INVOICE_KILLS=100 INVOICE_ACCOUNTS=600 npm test -- issue-invoices-kill` for the full figure; `SEED=…` repeats. */
const kills = Number(process.env.INVOICE_KILLS ?? 2)
const accountCount = Number(process.env.INVOICE_ACCOUNTS ?? 24)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

let world: InvoicingWorld
beforeAll(async () => {
  world = await invoicingWorld()
})
afterAll(() => world.drop())

function startChild(): ChildProcess {
  const options = { mongodbUri: world.uri, now: world.now, leaseMs: 400 }
  const file = join(import.meta.dirname, 'issue-invoices-child.ts')
  return fork(file, [JSON.stringify(options)], { execArgv: [] })
}

async function until(done: () => Promise<boolean>, ms: number): Promise<void> {
  const end = Date.now() + ms
  while (!(await done())) {
    if (Date.now() > end) throw new Error('it took too long')
    await setTimeout(5)
  }
}

const issuedCount = () => invoices(world.db).countDocuments({})
const isFinished = async () =>
  (await jobRuns(world.db).countDocuments({ finishedAt: { $exists: true } })) > 0

/** Kills it in its run, or stops it past its lease so that it wakes up beside its successor. */
async function round(goal: number, freeze: boolean): Promise<boolean> {
  const children = [startChild()]
  const reached = async () => (await issuedCount()) >= goal || (await isFinished())
  await until(reached, 60_000)
  if (freeze) {
    children[0]?.kill('SIGSTOP')
    children.push(startChild())
    const before = await issuedCount()
    await until(async () => (await issuedCount()) > before || (await isFinished()), 60_000)
    children[0]?.kill('SIGCONT')
    await setTimeout(30)
  }
  const inRun = !(await isFinished())
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children.map((child) => once(child, 'exit')))
  return inRun
}

test(
  'killed and frozen anywhere, workers and operators issue each document once and leave no gap',
  async () => {
    for (let n = 0; n < accountCount; n++) {
      await world.plantAccount(`acc_${n}`)
      await world.plantKey(`key_${n}a`, `acc_${n}`)
      await world.plantKey(`key_${n}b`, `acc_${n}`)
      await world.plantChange(`key_${n}b`, '2026-10-05T10:00:00Z', access('pro', 'ACTIVE'))
    }
    const wanted = 2 * accountCount
    const random = seededRandom(seed)
    let hit = 0
    for (let kill = 0; kill < kills; kill++) {
      const from = await issuedCount()
      const share = Math.floor((wanted - from) / (kills - kill + 1))
      const goal = from + integer(random, 0, Math.max(1, share))
      if (await round(goal, kill === 0 || random() < 0.5)) hit += 1
    }
    const last = startChild()
    const operators = [1, 2].map(() => world.invoicing().trigger('2026-11'))
    await Promise.all([...operators, until(isFinished, 120_000)])
    last.kill('SIGKILL')
    await once(last, 'exit')
    console.log(
      `issue-invoices: seed ${seed}, rounds ${kills}, in a run ${hit}, documents ${wanted}`,
    )
    expect(hit).toBe(kills)

    const all = await invoices(world.db).find().toArray()
    const numbersOf = (kind: string) =>
      all
        .filter((one) => one.kind === kind)
        .map(({ number }) => number ?? '')
        .toSorted()
    const upTo = (series: string) =>
      Array.from({ length: accountCount }, (_, n) => `${series}-${`${n + 1}`.padStart(6, '0')}`)
    expect(numbersOf('INVOICE')).toEqual(upTo('INV'))
    expect(numbersOf('USAGE_STATEMENT')).toEqual(upTo('STM'))
    const counters = await invoiceNumbers(world.db)
      .find({ last: { $gt: 0 } })
      .toArray()
    expect(counters.map(({ last: given }) => given)).toEqual([accountCount, accountCount])
    expect(await billingNotices(world.db).countDocuments()).toBe(wanted)
    expect(await deliveries(world.db).countDocuments()).toBe(wanted)
    for (const { _id, file } of all) {
      const stored = await invoiceFiles(world.db).findOne({ _id })
      expect(stored && hash('sha256', stored.pdf.buffer)).toBe(file?.sha256)
    }
  },
  60_000 + kills * 20_000,
)
