import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig, readWorkerConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { startWorkers, type WorkerProcess } from '../src/worker.ts'
import { kinds } from '../src/worker-kinds.ts'
import { startTestApi, type TestApi } from './api.ts'

const root = join(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const yamlOf = <Shape>(path: string): Shape => parse(textOf(path), { merge: true })

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[]
}
interface Panel {
  type: string
  title?: string
  description?: string
  datasource?: { uid: string }
  fieldConfig?: { defaults: { unit?: string } }
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; datasource: { uid: string } }[]
}
interface Compose {
  services: Record<string, Service>
  volumes: Record<string, null>
  secrets: Record<string, { environment: string }>
}
interface Service {
  image: string
  build?: string
  ports?: string[]
  volumes?: string[]
  secrets?: string[]
  command?: string[]
  /** Null: as it is where compose runs, absent where it is not. */
  environment?: Record<string, string | null>
  depends_on?: Record<string, unknown>
}

const rules = yamlOf<Rules>('ops/prometheus-rules.yml').groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(textOf('ops/grafana/dashboards/getcomplical.json'))
const panels = (dashboard.panels as Panel[]).filter(({ type }) => type !== 'row')
const queries = [
  ...rules.map(({ expr }) => expr),
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
]

describe('what alerts and panels ask for', () => {
  let api: TestApi
  let workers: WorkerProcess
  /** What an API process and all workers say before anything has happened. */
  let exported = ''

  beforeAll(async () => {
    api = await startTestApi()
    const config = readWorkerConfig(api.environment)
    workers = await startWorkers(config, Object.keys(kinds), createLog('silent', 'test'))
    await workers.ready
    const ports = [api.port, workers.port]
    const texts = ports.map(async (port) =>
      (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    )
    exported = (await Promise.all(texts)).join('')
  })
  afterAll(async () => {
    await workers?.stop()
    await api?.end()
  })

  test('is exported', () => {
    const names = [...exported.matchAll(/^# TYPE (\w+) (\w+)/gm)].flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`] : [`${name}`],
    )
    const asked = [...new Set(queries.join('\n').match(/getcomplical_\w+/g))]
    expect(asked.length).toBeGreaterThan(50)
    expect(asked.filter((name) => !names.includes(name))).toEqual([])
  })

  // What begins at 1 has no increase: the first event, often the only one, would be missed.
  test('is there before the first event where an increase is asked for', () => {
    const asked = [...queries.join('\n').matchAll(/increase\((\w+)/g)].map(([, name = '']) => name)
    expect(asked).toContain('getcomplical_aggregation_differences_total')
    const hasSamples = (name: string) => new RegExp(`^${name}[{ ]`, 'm').test(exported)
    expect([...new Set(asked)].filter((name) => !hasSamples(name))).toEqual([])
  })
})

test('every alert is a page or a ticket, and its name stands alone', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { labels } of rules) expect(['page', 'ticket']).toContain(labels.severity)
})

test('every panel has a title, a unit, a description and a query of its own place', () => {
  expect(panels.length).toBeGreaterThan(20)
  const { datasources } = yamlOf<{ datasources: { uid: string }[] }>(
    'ops/grafana/provisioning/datasources/prometheus.yml',
  )
  const uids = datasources.map(({ uid }) => uid)
  for (const { title, description, fieldConfig, targets = [], datasource } of panels) {
    const unit = fieldConfig?.defaults.unit
    expect({ title, description, unit }, title).toEqual({
      title: expect.stringMatching(/\S/),
      description: expect.stringMatching(/\.$/),
      unit: expect.stringMatching(/\S/),
    })
    expect(targets.length, title).toBeGreaterThan(0)
    for (const { uid } of [
      ...targets.map((target) => target.datasource),
      datasource ?? { uid: '' },
    ])
      expect(uids, title).toContain(uid)
  }
  const titles = panels.map(({ title }) => title)
  expect(titles).toEqual([...new Set(titles)])
})

test('no panel covers another', () => {
  const cells = (dashboard.panels as Panel[]).flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
  )
  expect(cells.length).toBe(new Set(cells).size)
})

describe('docker-compose.yml', () => {
  const compose = yamlOf<Compose>('docker-compose.yml')
  const services = Object.entries(compose.services)
  const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((one) => one.split(':')))

  test('names only what is there', () => {
    for (const [name, { image, build, volumes = [], secrets = [], depends_on = {} }] of services) {
      // A version of its own, so that nothing changes under anybody's feet.
      if (!build) expect(image, name).toMatch(/:v?\d+\.\d+/)
      for (const other of Object.keys(depends_on)) expect(compose.services).toHaveProperty(other)
      for (const secret of secrets) expect(compose.secrets).toHaveProperty(secret)
      for (const mount of volumes) {
        const [source = ''] = mount.split(':')
        if (source.startsWith('.')) expect(existsSync(join(root, source)), mount).toBe(true)
        else expect(compose.volumes).toHaveProperty(source)
      }
    }
  })

  test.each(['api', 'worker'])('gives the %s settings with which it starts', (name) => {
    const given = compose.services[name]?.environment ?? {}
    const key = Buffer.alloc(32, 7).toString('base64')
    const secrets: Record<string, string> = {
      ADMIN_API_KEY: 'a'.repeat(32),
      API_KEY_PEPPER: key,
      ENCRYPTION_KEYS: `one:${key}`,
    }
    // As compose does it: what must be given, and what has a default.
    const environment = Object.entries(given).flatMap(([setting, value]) =>
      value === null
        ? []
        : [
            [
              setting,
              value
                .replace(/^\$\{(\w+):\?.*\}$/, (_, id) => secrets[id] ?? '')
                .replace(/^\$\{\w+:-(.*)\}$/, '$1'),
            ],
          ],
    )
    expect(environment.length).toBeGreaterThan(5)
    expect(readConfig(Object.fromEntries(environment)).mail.smtpUrl).toBe('smtp://mail:1025')
  })

  test('publishes ports on loopback alone', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(3)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:[\d-]+:\d+$/)
  })

  test('mounts configuration where nobody can write to it', () => {
    const files = mounts.filter(([source = '']) => source.startsWith('.'))
    expect(files.length).toBeGreaterThan(3)
    for (const [source, , mode] of files) expect(mode, source).toBe('ro')
  })

  test('opens Grafana to nobody without the password that the environment gives', () => {
    const environment = compose.services.grafana?.environment
    expect(environment?.GF_AUTH_ANONYMOUS_ENABLED).toBe('false')
    expect(environment?.GF_SECURITY_ADMIN_PASSWORD).toMatch(/^\$\{GRAFANA_ADMIN_PASSWORD:\?/)
  })

  /** Where a path inside a container comes from; undefined: from its image. */
  const mounted = (path: string) => {
    const from = mounts.find(([, target = '']) => path === target || path.startsWith(`${target}/`))
    return from && join(root, from[0] ?? '', path.slice(from[1]?.length))
  }

  test('hands Prometheus the rules and the key that its configuration names, and what it scrapes', () => {
    interface Scrapes {
      rule_files: string[]
      scrape_configs: {
        dns_sd_configs: { names: string[] }[]
        http_headers: Record<string, { files: string[] }>
      }[]
    }
    const { rule_files, scrape_configs } = yamlOf<Scrapes>('ops/prometheus.yml')
    expect(compose.services.prometheus?.command).toContain(
      '--config.file=/etc/prometheus/prometheus.yml',
    )
    for (const file of ['prometheus.yml', ...rule_files]) {
      expect(existsSync(mounted(`/etc/prometheus/${file}`) ?? ''), file).toBe(true)
    }
    for (const { dns_sd_configs, http_headers } of scrape_configs) {
      for (const name of dns_sd_configs.flatMap(({ names }) => names)) {
        expect(compose.services).toHaveProperty(name)
      }
      const secrets = (compose.services.prometheus?.secrets ?? []).map((id) => `/run/secrets/${id}`)
      expect(secrets).toEqual(http_headers['X-Api-Key']?.files)
    }
  })

  test('hands Grafana its provisioning, and the dashboards that it names', () => {
    for (const folder of ['datasources', 'dashboards']) {
      const there = mounted(`/etc/grafana/provisioning/${folder}`) ?? ''
      expect(statSync(there).isDirectory(), folder).toBe(true)
    }
    const { providers } = yamlOf<{ providers: { options: { path: string } }[] }>(
      'ops/grafana/provisioning/dashboards/getcomplical.yml',
    )
    for (const { options } of providers) {
      expect(readdirSync(mounted(options.path) ?? '')).toContain('getcomplical.json')
    }
    const home = compose.services.grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH
    expect(existsSync(mounted(home ?? '') ?? ''), home ?? '').toBe(true)
  })
})
