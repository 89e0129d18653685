import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withShippedChanges } from '../src/rules/tax/apply-changes.ts'
import { loadTaxData } from '../src/store/tax-data.ts'
import { type AccuracyReport, accuracyOf, faultsOf } from './tax-report/accuracy.ts'
import { fullText } from './tax-report/full-text.ts'
import { withSummary } from './tax-report/readme-block.ts'
import { summary } from './tax-report/summary.ts'

const usage = `npm run tax:report [-- <options>]

How accurate the tax dates are: the printed dates they were held against, and what simpler calendars
would have got wrong. Exit code 1: fewer than 99 % match in a country, or something is unexplained.
  --country <code>   one country, as AU
  --json             everything, for a program
  --summary          only what the README shows
  --write-readme     puts the summary into README.md
  -h, --help         this`

const root = join(import.meta.dirname, '..')

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    country: { type: 'string' },
    json: { type: 'boolean' },
    summary: { type: 'boolean' },
    'write-readme': { type: 'boolean' },
  },
})

if (values.help) console.log(usage)
else {
  try {
    process.exitCode = run()
  } catch (error) {
    // What is wrong with the data, line by line; where in the code it was noticed helps nobody.
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

function run(): 0 | 1 {
  if (values.country && values['write-readme']) {
    throw new Error('--write-readme is about all countries: leave --country out')
  }
  const report = reportOf(values.country)
  if (report.countries.length === 0) {
    console.error(`--country: ${values.country} is not carried`)
    return 1
  }
  if (values['write-readme']) writeReadme(report)
  else if (values.json) console.log(JSON.stringify(report, null, 2))
  else console.log(values.summary ? summary(report) : fullText(report))
  const faults = faultsOf(report)
  if (faults.length > 0) console.error(faults.join('\n'))
  return faults.length > 0 ? 1 : 0
}

function reportOf(country: string | undefined): AccuracyReport {
  const fromRules = loadTaxData(join(root, 'data/tax'))
  const report = accuracyOf(withShippedChanges(fromRules), fromRules)
  if (country === undefined) return report
  return { ...report, countries: report.countries.filter(({ code }) => code === country) }
}

function writeReadme(report: AccuracyReport): void {
  const path = join(root, 'README.md')
  writeFileSync(path, withSummary(readFileSync(path, 'utf8'), summary(report)))
}
