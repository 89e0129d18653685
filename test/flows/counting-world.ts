import { expect, inject } from 'vitest'
import type { Fault } from '../faults/inject.ts'
import type { Verdict } from '../faults/ledger.ts'
import { createWorld, type World, type WorldOptions } from '../faults/world.ts'

/** Printed with each result; `SEED=… npm test` repeats calls and faults. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

export async function inWorld<T>(
  options: Partial<WorldOptions>,
  run: (world: World) => Promise<T>,
): Promise<T> {
  const servers = { redisBinary: inject('redisBinary'), mongodbUri: inject('mongodbUri') }
  const world = await createWorld({ ...servers, seed, ...options })
  try {
    return await run(world)
  } finally {
    await world.close()
  }
}

/** Injects each fault in turn; all that were asked for must have hit. */
export async function injectAll(world: World, faults: Record<string, Fault>): Promise<string[]> {
  const hit: string[] = []
  for (const [name, fault] of Object.entries(faults)) if (await fault(world)) hit.push(name)
  expect(hit).toEqual(Object.keys(faults))
  return hit
}

export function report(name: string, world: World, hit: readonly string[], verdict: Verdict): void {
  const { answered, refused, unknown, unknownCounted, lost, double } = verdict
  console.log(
    `${name}: seed ${seed}, faults ${hit.length} hit (${hit.join(', ')}), calls ${world.calls()}, ` +
      `answered ${answered}, refused ${refused}, unknown ${unknown} (counted ${unknownCounted}), ` +
      `lost ${lost}, double ${double}`,
  )
}
