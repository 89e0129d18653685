import { createKeys } from './api-keys.ts'
import { cpuNanoseconds } from './cpu.ts'
import { graphqlRequest, openLoad } from './load.ts'
import type { Machine } from './machine.ts'
import type { Arm } from './rounds.ts'

/** As many as the figure of the issue names. */
export const connectionCount = 32

/** Small on purpose: the less an answer costs by itself, the more the pipeline around it weighs. */
export const benchQuery =
  '{ taxDates(country: GB, from: "2026-03-01", to: "2026-04-30", first: 5) { edges { node { id dueDate } } } }'

/** The arms of the pipeline figures; "yoga again" is the other half of the A/A pair. */
export async function pipelineArms(machine: Machine): Promise<Arm[]> {
  const api = await machine.startApi()
  const keys = await createKeys(api, connectionCount)
  const full = keys.map(({ secret }) => graphqlRequest(benchQuery, { 'X-Api-Key': secret }))
  const plain = Array.from({ length: connectionCount }, () => graphqlRequest(benchQuery))
  const [yoga, placebo, hincrby, again] = [
    await machine.startBaseline('yoga'),
    await machine.startBaseline('placebo'),
    await machine.startBaseline('hincrby'),
    await machine.startBaseline('yoga'),
  ]
  return Promise.all([
    armOf('full', api, full),
    armOf('yoga', yoga, plain),
    armOf('placebo', placebo, plain),
    armOf('hincrby', hincrby, plain),
    armOf('yoga again', again, plain),
  ])
}

async function armOf(
  name: string,
  server: { port: number; pid: number },
  requests: readonly Buffer[],
): Promise<Arm> {
  const load = await openLoad(server.port, requests)
  return {
    name,
    async slice(ms) {
      const [cpuBefore, before] = [cpuNanoseconds(server.pid), performance.now()]
      const calls = await load.run(ms)
      const [cpuAfter, after] = [cpuNanoseconds(server.pid), performance.now()]
      return {
        cpu: (cpuAfter - cpuBefore) / 1_000 / calls,
        time: ((after - before) * 1_000) / calls,
      }
    },
  }
}
