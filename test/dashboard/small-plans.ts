import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Plan {
  id: string
  monthlyLimit: number
  requestsPerSecond: number
}

const shipped = join(import.meta.dirname, '../../plans.json')

/**
 * The plans that we ship, the free one with a limit that a test reaches.
 * @returns for PLANS_FILE
 */
export function writeSmallPlans(folder: string, monthlyLimit: number): string {
  const { plans, ...rest } = JSON.parse(readFileSync(shipped, 'utf8')) as { plans: Plan[] }
  const small = plans.map((plan) =>
    plan.id === 'free' ? { ...plan, monthlyLimit, requestsPerSecond: 100 } : plan,
  )
  const file = join(folder, 'plans.json')
  writeFileSync(file, JSON.stringify({ ...rest, plans: small }))
  return file
}
