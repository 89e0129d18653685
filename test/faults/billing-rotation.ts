import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripeSender } from '../billing/webhook-senders.ts'
import type { BillingServers, BillingVerdict } from './billing-rows.ts'
import { type BillingWorld, createBillingWorld } from './billing-world.ts'

/** Deliveries in each stretch of a rotation. */
const STRETCH = 40

/**
 * Promise 13, as an operator does it: the file gets the new secret beside the old, the provider goes over to
 * it, the old one is taken out. The file is written in place and by renaming in turns. Traffic never stops.
 */
export async function rotateSecrets(
  { redisUrl, mongod }: BillingServers,
  rotations: number,
): Promise<BillingVerdict> {
  const folder = mkdtempSync(join(tmpdir(), 'getcomplical-rotation-'))
  const file = join(folder, 'secrets')
  let secret = newSecret()
  writeFileSync(file, secret)
  const settings = { STRIPE_WEBHOOK_SECRETS_FILE: file }
  const world = await createBillingWorld({ redisUrl, mongodbUri: mongod.url, settings })
  const verdict: BillingVerdict = { done: 0, hit: 0, checked: 0, wrong: [], remarks: [] }
  try {
    for (; verdict.done < rotations; verdict.done += 1) {
      const write = verdict.done % 2 === 0 ? writeFileSync : replace
      const next = newSecret()
      const before = traffic(world, secret)
      write(file, `${next},${secret}`)
      const refused = await Promise.all([before, traffic(world, secret), traffic(world, next)])
      const overlap = refused.reduce((sum, one) => sum + one, 0)
      if (overlap > 0) verdict.wrong.push(`${overlap} good events refused in the overlap`)
      write(file, `${next}\n`)
      const [late, good] = await Promise.all([traffic(world, secret), traffic(world, next)])
      if (good > 0) verdict.wrong.push(`${good} good events refused after it`)
      if (late < STRETCH) verdict.wrong.push(`${STRETCH - late} accepted under the old secret`)
      verdict.hit += late === STRETCH ? 1 : 0
      verdict.checked += 5 * STRETCH
      secret = next
    }
  } finally {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return verdict
}

const newSecret = () => `whsec_${randomBytes(24).toString('base64url')}`

function replace(file: string, text: string): void {
  writeFileSync(`${file}.next`, text)
  renameSync(`${file}.next`, file)
}

/** @returns how many were refused */
async function traffic(world: BillingWorld, secret: string): Promise<number> {
  const answers = Array.from({ length: STRETCH }, () =>
    world.deliver(
      stripeSender,
      stripeSender.event(`evt_${randomBytes(6).toString('hex')}`),
      secret,
    ),
  )
  return (await Promise.all(answers)).filter((status) => status !== 200).length
}
