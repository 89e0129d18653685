import { collectDefaultMetrics, Registry } from 'prom-client'

/**
 * One registry a process, with Node's own metrics and the process's kind on every series, so that an API
 * and a worker on one machine are told apart. Never prom-client's global one: tests run many in a process.
 */
export function createRegistry(process_: 'api' | 'worker'): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ process: process_ })
  collectDefaultMetrics({ register: registry })
  return registry
}
