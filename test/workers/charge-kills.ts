import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { takenBy } from './charge-histories.ts'
import type { ChargeWorld } from './charge-world.ts'

type Provider = 'STRIPE' | 'PADDLE'

/** Where a process that charges is killed, or stopped until another one has done its work. */
export type Death =
  /** At its n-th command to MongoDB, before it is sent or after its answer. */
  | { n: number; when: 'before' | 'after' }
  /** At its n-th answer about a charge: it has taken one, or is about to send it. */
  | { n: number; when: 'stop' }
  /** While the provider has its request: before or after it was taken. */
  | { request: 'before' | 'after' }

export interface Killed {
  /** Whether it was killed or stopped, as it was meant to be. */
  hit: boolean
  taken: number
  acknowledged: number
  pending: number
  /** Commands that it was answered, where it lived. */
  commands: number
}

const LEASE_MS = 200
/** Above the time in which a busy machine gets from taking a charge to sending it. */
const SEND_WITHIN_MS = 2_000
const MINUTE = 60_000
export const OWED = 130

/**
 * A process of its own is to charge 130 calls of two days and dies on the way; another one goes on when its
 * leases have run out.
 */
export async function killCharging(
  world: ChargeWorld,
  provider: Provider,
  death: Death | null,
): Promise<Killed> {
  await plantDebt(world, provider)
  const child = startChild(world, provider, death)
  const stops = death !== null && 'when' in death && death.when === 'stop'
  const hit = stops ? await child.stopped() : (await child.ended).killed
  await succeed(world)
  if (stops) {
    await setTimeout(SEND_WITHIN_MS)
    child.process.kill('SIGCONT')
    await child.ended
  }
  const charges = await world.charges()
  return {
    ...{ hit, commands: (await child.ended).commands, taken: takenBy(world, provider) },
    acknowledged: (await world.month())?.acknowledgedUnits ?? 0,
    pending: charges.filter(({ status }) => status === 'PENDING').length,
  }
}

async function succeed(world: ChargeWorld): Promise<void> {
  const worker = world.worker({ leaseMs: LEASE_MS })
  // By the leases, which are on MongoDB's clock: no test of ours moves that one.
  for (let looks = 0; looks < 40; looks++) {
    await worker.chargeDueDays()
    await worker.settleDue()
    const [month, charges] = [await world.month(), await world.charges()]
    const isDone = month?.acknowledgedUnits === OWED
    if (isDone && charges.every(({ status }) => status !== 'PENDING')) return
    world.now += 3 * MINUTE
    await setTimeout(LEASE_MS / 4)
  }
}

async function plantDebt(world: ChargeWorld, provider: Provider): Promise<void> {
  await world.reset()
  if (provider === 'PADDLE') {
    await billingSubscriptions(world.db).deleteMany({})
    await world.subscribe('PADDLE:sub_p')
  }
  world.now = Date.UTC(2026, 11, 1, 1, 30)
  await world.calls('2026-11-29', 1_100)
  await world.calls('2026-11-30', 30)
  await world.close('2026-11-29', '2026-11-30')
}

interface ChargingChild {
  process: ChildProcess
  ended: Promise<{ killed: boolean; commands: number }>
  /** Settles with true once it is stopped, and with false when it has ended instead. */
  stopped(): Promise<boolean>
}

function startChild(world: ChargeWorld, provider: Provider, death: Death | null): ChargingChild {
  const { stripe, paddle, uri: mongodbUri, now } = world
  const dieAt = death && 'n' in death ? death : { n: 0, when: 'after' }
  const access = ({ key, url }: { key: string; url: string }) => ({ key, apiBase: url })
  const options = {
    ...{ mongodbUri, now, dieAt, leaseMs: LEASE_MS, sendWithinMs: SEND_WITHIN_MS },
    ...{ stripe: access(stripe), paddle: access(paddle) },
  }
  const child = fork(
    join(import.meta.dirname, 'charge-usage-child.ts'),
    [JSON.stringify(options)],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: [],
    },
  )
  let said = ''
  child.stdout?.on('data', (chunk) => {
    said += chunk
  })
  const standIn = provider === 'STRIPE' ? stripe : paddle
  if (death && 'request' in death) {
    standIn.fail(() => true, death.request)
    standIn.onCall = async () => {
      standIn.onCall = () => {}
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  const ended = once(child, 'close').then(([, signal]) => {
    standIn.onCall = () => {}
    standIn.works()
    return { killed: signal === 'SIGKILL', commands: Number(said) }
  })
  return {
    process: child,
    ended,
    async stopped() {
      while (child.exitCode === null && child.signalCode === null) {
        if (/^\d+ \(.*\) T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))) return true
        await setTimeout(20)
      }
      return false
    },
  }
}
