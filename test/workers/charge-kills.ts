import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { takenBy } from './charge-histories.ts'
import type { ChargeWorld } from './charge-world.ts'

type Provider = 'STRIPE' | 'PADDLE'

/** Where a process that charges is killed. */
export type Death =
  /** At its n-th command to MongoDB, before it is sent or after its answer. */
  | { n: number; when: 'before' | 'after' }
  /** While the provider has its request: before or after it was taken. */
  | { request: 'before' | 'after' }

export interface Killed {
  /** Whether it died, and not by itself. */
  died: boolean
  taken: number
  acknowledged: number
  pending: number
  /** Commands that it was answered, where it lived. */
  commands: number
}

const LEASE_MS = 200
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
  const { died, commands } = await runChild(world, provider, death)
  const worker = world.worker({ leaseMs: LEASE_MS })
  // By the leases, which are on MongoDB's clock: no test of ours moves that one.
  for (let looks = 0; looks < 40; looks++) {
    await worker.chargeDueDays()
    await worker.settleDue()
    const [month, charges] = [await world.month(), await world.charges()]
    const isDone = month?.acknowledgedUnits === OWED
    if (isDone && charges.every(({ status }) => status !== 'PENDING')) break
    world.now += 3 * MINUTE
    await setTimeout(LEASE_MS / 4)
  }
  const charges = await world.charges()
  return {
    ...{ died, commands, taken: takenBy(world, provider) },
    acknowledged: (await world.month())?.acknowledgedUnits ?? 0,
    pending: charges.filter(({ status }) => status === 'PENDING').length,
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

async function runChild(
  world: ChargeWorld,
  provider: Provider,
  death: Death | null,
): Promise<{ died: boolean; commands: number }> {
  const { stripe, paddle, uri: mongodbUri, now } = world
  const dieAt = death && 'n' in death ? death : { n: 0, when: 'after' }
  const access = ({ key, url }: { key: string; url: string }) => ({ key, apiBase: url })
  const options = {
    ...{ mongodbUri, now, dieAt, leaseMs: LEASE_MS },
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
  const [, signal] = await once(child, 'close')
  standIn.onCall = () => {}
  standIn.works()
  return { died: signal === 'SIGKILL', commands: Number(said) }
}
