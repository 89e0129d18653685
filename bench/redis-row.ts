import { createKeys } from './api-keys.ts'
import { cpuNanoseconds } from './cpu.ts'
import { graphqlRequest, openLoad } from './load.ts'
import { type Machine, withMachine } from './machine.ts'
import { benchQuery, connectionCount } from './pipeline.ts'
import { printAbsolute, type Row } from './row.ts'

export const redisRow: Row = {
  name: 'redis',
  about: 'Redis CPU a metered call, quota on; target ≤ 8 µs',
  run: ({ quiet }) =>
    withMachine(async (machine) => {
      const { micros, callsPerSecond } = await redisCpuPerCall(machine, 10)
      const text = `Redis CPU a metered call, quota on, at ${Math.round(callsPerSecond)} calls/s`
      return printAbsolute({ value: micros, unit: 'µs', text, atMost: 8, digits: 2 }, quiet)
    }),
}

/** Redis CPU of everything a metered call causes, roll-up included, µs. */
async function redisCpuPerCall(
  machine: Machine,
  seconds: number,
): Promise<{ micros: number; callsPerSecond: number }> {
  const api = await machine.startApi()
  await machine.startWorker()
  const keys = await createKeys(api, connectionCount)
  const load = await openLoad(
    api.port,
    keys.map(({ secret }) => graphqlRequest(benchQuery, { 'X-Api-Key': secret })),
  )
  await load.run(3_000)
  const before = cpuNanoseconds(machine.redisPid)
  const calls = await load.run(seconds * 1_000)
  // What is still on its way to the roll-up costs Redis, too.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const micros = (cpuNanoseconds(machine.redisPid) - before) / 1_000 / calls
  load.close()
  return { micros, callsPerSecond: calls / seconds }
}
