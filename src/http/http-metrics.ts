import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export interface HttpMetrics {
  answered(route: string, status: number, ms: number): void
  /** What `getcomplical_open_sockets` reads. */
  countSockets(count: () => number): void
}

/** Routes are patterns, never paths: what clients write must not make new series. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'getcomplical_http_requests_total',
    help: 'Answered HTTP requests by route and status. 5xx sustained: look for the request ids in the log. 429 sustained on one route: a client in a loop.',
    labelNames: ['route', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'getcomplical_http_request_seconds',
    help: 'From the request’s headers to the end of its answer, by route; event streams count with their whole life. A p99 that stays above 0.25 s on /graphql without streams: the event loop or MongoDB is slow.',
    labelNames: ['route'],
    buckets: [0.005, 0.025, 0.1, 0.25, 1, 5, 30],
    registers,
  })
  let count = () => 0
  new Gauge({
    name: 'getcomplical_open_sockets',
    help: 'Open WebSockets of this process. Only growing: clients leave and their sockets do not; a fall to 0: the balancer has moved them.',
    registers,
    collect() {
      this.set(count())
    },
  })
  // Label objects are looked up by a string that prom-client builds of them: once each is enough.
  const counters = new Map<string, ReturnType<typeof requests.labels>>()
  return {
    answered(route, status, ms) {
      const name = `${route} ${status}`
      const counter = counters.get(name) ?? requests.labels(route, String(status))
      counters.set(name, counter)
      counter.inc()
      seconds.observe({ route }, ms / 1_000)
    },
    countSockets(of) {
      count = of
    },
  }
}
