import { randomBytes } from 'node:crypto'
import { connectDatabase } from '../../src/store/database.ts'
import type { TestServer } from '../server-process.ts'
import { chargeHistory } from '../workers/charge-histories.ts'
import { type Death, killCharging, OWED } from '../workers/charge-kills.ts'
import { type ChargeWorld, chargeWorld } from '../workers/charge-world.ts'
import { seededRandom } from './random.ts'

/** What one world of a row has come to. */
export interface ChargeVerdict {
  /** Repetitions that were done. */
  done: number
  /** Of them, where the fault was seen to hit. */
  hit: number
  /** Calls above the limit that were compared. */
  checked: number
  /** In words. */
  wrong: string[]
  remarks: string[]
}

/** One promise about charges, at its full figure. */
export interface ChargeRow {
  id: string
  promise: string
  /** In a full run. */
  repetitions: number
  /** Between two verdicts: a world of their own each. */
  perWorld: number
  run(servers: { mongod: TestServer }, count: number, seed: number): Promise<ChargeVerdict>
}

type Provider = 'STRIPE' | 'PADDLE'

async function inWorld<T>(
  mongod: TestServer,
  work: (world: ChargeWorld) => Promise<T>,
): Promise<T> {
  const uri = new URL(mongod.url)
  uri.pathname = `/charges_${randomBytes(6).toString('hex')}`
  const { db, close } = await connectDatabase({ uri: uri.toString() })
  const drop = async () => {
    await db.dropDatabase()
    await close()
  }
  const world = await chargeWorld({ db, uri: uri.toString(), drop })
  try {
    return await work(world)
  } finally {
    await world.end()
  }
}

function histories(provider: Provider): ChargeRow {
  return {
    id: `charge-histories-${provider.toLowerCase()}`,
    promise: `usage charged once: random months, ${provider} failing in every way`,
    ...{ repetitions: 500, perWorld: 25 },
    run: ({ mongod }, count, seed) =>
      inWorld(mongod, async (world) => {
        const verdict: ChargeVerdict = { done: count, hit: 0, checked: 0, wrong: [], remarks: [] }
        let faults = 0
        let invoiced = 0
        for (let n = 0; n < count; n++) {
          const told = await chargeHistory(world, provider, seededRandom(seed + n))
          const { above, taken, acknowledged, toNextInvoice } = told
          faults += told.faults
          invoiced += toNextInvoice
          verdict.checked += above
          verdict.hit += 1
          if (taken === acknowledged && taken + toNextInvoice === above) continue
          verdict.wrong.push(`seed ${seed + n}: ${JSON.stringify(told)}`)
        }
        if (faults === 0) verdict.wrong.push('nothing failed')
        verdict.remarks.push(`${faults} faults, ${invoiced} calls left to invoices`)
        return verdict
      }),
  }
}

/** Commands to MongoDB that charging two days takes; the last deaths may come too late, and are not counted. */
const COMMANDS = { STRIPE: 59, PADDLE: 51 } as const
/** Of them those that take a charge or announce a try: two charges at Stripe, one at Paddle. */
const CHARGES = { STRIPE: [1, 2, 3, 4], PADDLE: [1, 2] } as const

function deathsAt(provider: Provider): Death[] {
  const n = Array.from({ length: COMMANDS[provider] }, (_, index) => index + 1)
  return [
    ...n.map((one) => ({ n: one, when: 'before' as const })),
    ...n.map((one) => ({ n: one, when: 'after' as const })),
    { request: 'before' },
    { request: 'after' },
    ...CHARGES[provider].map((one) => ({ n: one, when: 'stop' as const })),
  ]
}

function kills(provider: Provider): ChargeRow {
  const deaths = deathsAt(provider)
  return {
    id: `charge-kills-${provider.toLowerCase()}`,
    promise: `usage charged once: kill -9 and SIGSTOP at each step of charging at ${provider}`,
    ...{ repetitions: deaths.length, perWorld: deaths.length },
    run: ({ mongod }, count) =>
      inWorld(mongod, async (world) => {
        const verdict: ChargeVerdict = { done: count, hit: 0, checked: 0, wrong: [], remarks: [] }
        for (let n = 0; n < count; n++) {
          const death = deaths[Math.floor((n * deaths.length) / count)] ?? null
          const { hit, taken, acknowledged, pending } = await killCharging(world, provider, death)
          if (hit) verdict.hit += 1
          verdict.checked += OWED
          if (taken === OWED && acknowledged === OWED && pending === 0) continue
          verdict.wrong.push(`${JSON.stringify(death)}: ${taken} taken, ${acknowledged} known`)
        }
        return verdict
      }),
  }
}

export const chargeRows: ChargeRow[] = [
  histories('STRIPE'),
  histories('PADDLE'),
  kills('STRIPE'),
  kills('PADDLE'),
]

/** @returns whether all of them are as promised */
export async function runChargeRows(run: {
  ids: readonly string[] | undefined
  scale: number
  seed: number
  mongod: TestServer
}): Promise<boolean> {
  let isOk = true
  for (const row of chargeRows.filter(({ id }) => !run.ids || run.ids.includes(id))) {
    const goal = Math.max(1, Math.round(row.repetitions * run.scale))
    const sum = { done: 0, hit: 0, checked: 0, wrong: [] as string[] }
    const began = performance.now()
    while (sum.done < goal) {
      const count = Math.min(row.perWorld, goal - sum.done)
      const verdict = await row.run({ mongod: run.mongod }, count, run.seed + sum.done)
      sum.done += verdict.done
      sum.hit += verdict.hit
      sum.checked += verdict.checked
      sum.wrong.push(...verdict.wrong)
      const { done, hit, checked, wrong } = sum
      const told = `hit ${hit}, checked ${checked}, wrong ${wrong.length}`
      console.log(`${row.id}: ${done}/${goal}, ${told}; ${verdict.remarks.join('; ')}`)
    }
    for (const one of sum.wrong.slice(0, 10)) console.log(`  ${one}`)
    console.log(`${row.id}: ${Math.round((performance.now() - began) / 1_000)} s`)
    isOk &&= sum.wrong.length === 0 && sum.hit === sum.done
  }
  return isOk
}
