import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Registry } from 'prom-client'
import { loadEnvironment, readWorkerConfig } from '../src/config.ts'
import { createProviders } from '../src/outgoing/providers.ts'
import { monthName } from '../src/rules/calendar-time.ts'
import { connectDatabase } from '../src/store/database.ts'
import { createEncryption } from '../src/store/encryption.ts'
import {
  type ChargeReport,
  chargeReport,
  type KeyReport,
} from '../src/workers/charge-usage/charge-report.ts'

const usage = `npm run billing:report -- --month 2026-11 [--json]

Calls above the limit of each key that Stripe or Paddle bills: what was used, what was reported and
acknowledged, what goes on an invoice of ours, and the provider's own sum, asked now (Stripe: the summaries
of the meter, which lag some minutes; Paddle: the subscription's transactions). Needs the settings of a worker.
Exit code 1: a provider's sum differs from what it acknowledged, or it could not be asked.
  --month <YYYY-MM>  UTC; left out: the running month
  --json             for a program
  -h, --help         this`

const columns: readonly [string, (key: KeyReport) => string][] = [
  ['key', ({ apiKeyId }) => apiKeyId],
  ['prefix', ({ prefix }) => prefix],
  ['plan', ({ tier }) => tier],
  ['usage', ({ usage: used }) => number(used)],
  ['overage', ({ overage }) => number(overage)],
  ['reported', ({ reported }) => number(reported)],
  ['acknowledged', ({ acknowledged }) => number(acknowledged)],
  ['at provider', ({ atProvider, note }) => (atProvider === null ? `${note}` : number(atProvider))],
  ['next invoice', ({ toNextInvoice }) => number(toNextInvoice)],
  ['difference', ({ difference }) => (difference === null ? '?' : number(difference))],
]

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    month: { type: 'string' },
    json: { type: 'boolean' },
  },
})

if (values.help) console.log(usage)
else {
  try {
    process.exitCode = await run(values.month ?? monthName(Date.now()))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

async function run(month: string): Promise<0 | 1> {
  const config = readWorkerConfig(loadEnvironment(), ['ENCRYPTION_KEYS'])
  const database = await connectDatabase({ uri: config.mongodbUri })
  try {
    const report = await chargeReport(
      {
        ...{ db: database.db, plans: config.plans },
        encryption: createEncryption(config.encryptionKeys, randomBytes),
        providers: createProviders({
          ...{ ...config.billing, fetch, clock: Date.now, registry: new Registry() },
        }),
      },
      month,
    )
    console.log(values.json ? JSON.stringify(report, null, 2) : textOf(report))
    return report.differing + report.unasked > 0 ? 1 : 0
  } finally {
    await database.close()
  }
}

function textOf({ month, keys, differing, unasked }: ChargeReport): string {
  if (keys.length === 0) return `${month}: no provider billed calls above a limit.`
  const rows = [
    columns.map(([title]) => title),
    ...keys.map((key) => columns.map(([, cell]) => cell(key))),
  ]
  const widths = columns.map((_column, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const verdict = `${keys.length} keys, ${differing} differ, ${unasked} could not be asked about`
  return [`Calls above the limit, ${month}`, '', ...lines, '', verdict].join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}
